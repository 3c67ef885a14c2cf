// From the logits x that memory holds to the logits z that a softmax is taken of (xent::LogitTransform), as
// kernels see it.
#pragma once

#include <xent/options.hpp>

#include "kernels/primitives/host_device.hpp"

namespace xent::gpu {

/// A number in either compute type. Converting an f64 is slow where f64 is, and costs a register that lives
/// through every loop.
struct Scalar {
  double wide = 0.0;
  float narrow = 0.0F;

  constexpr Scalar() = default;
  constexpr Scalar(double value)  // NOLINT(google-explicit-constructor)
      : wide(value), narrow(static_cast<float>(value)) {}

  template <class C>
  XENT_HOST_DEVICE constexpr C as() const {
    if constexpr (sizeof(C) == sizeof(double)) {
      return wide;
    } else {
      return narrow;
    }
  }
};

/// z = (softcap · tanh(u / softcap) or u) / temperature, u = scale · x + bias.
struct Transform {
  bool on = false;  ///< off: z = x
  bool capped = false;
  ConstVectorView bias{};
  Scalar scale{1.0};
  Scalar per_softcap{};
  Scalar outer{1.0};  ///< (softcap or 1) / temperature
  Scalar slope{1.0};  ///< scale / temperature

  constexpr Transform() = default;
  explicit constexpr Transform(const LogitTransform& t)
      : on(t.logit_scale != 1.0 || t.temperature != 1.0 || t.softcap != 0.0 || t.bias.given()),
        capped(t.softcap != 0.0),
        bias(t.bias),
        scale(t.logit_scale),
        per_softcap(t.softcap == 0.0 ? 0.0 : 1.0 / t.softcap),
        outer((t.softcap == 0.0 ? 1.0 : t.softcap) / t.temperature),
        slope(t.logit_scale / t.temperature) {}
};

}  // namespace xent::gpu
