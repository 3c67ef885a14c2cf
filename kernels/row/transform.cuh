// The transform of logits on the device, and a tile that is read through it.
#pragma once

#include "kernels/primitives/math.cuh"
#include "kernels/row/scalars.cuh"
#include "kernels/row/tile.cuh"
#include "kernels/row/transform.hpp"

namespace xent::gpu {

template <class C>
__device__ __forceinline__ C linear_logit(const Transform& transform, C bias, C x) {
  return transform.scale.as<C>() * x + bias;
}
template <class C>
__device__ __forceinline__ C bias_of(const Transform& transform, std::int64_t c) {
  return transform.bias.size == 0 ? C(0) : load_scalar<C>(transform.bias, c);
}

/// z of class c. A class with x or bias at -inf stays masked under a cap.
template <class C>
__device__ __forceinline__ C transformed(const Transform& transform, std::int64_t c, C x) {
  if (!transform.on) return x;
  const C bias = bias_of<C>(transform, c);
  if (x == -kInfinity<C> || bias == -kInfinity<C>) return x + bias;
  const C u = linear_logit(transform, bias, x);
  return (transform.capped ? tanh(u * transform.per_softcap.as<C>()) : u) * transform.outer.as<C>();
}

/// ∂z/∂x; 1/cosh² is 1 - tanh² without its cancellation.
template <class C>
__device__ __forceinline__ C slope_of(const Transform& transform, std::int64_t c, C x) {
  const C linear = transform.slope.as<C>();
  if (!transform.capped) return linear;
  const C u = linear_logit(transform, bias_of<C>(transform, c), x);
  const C inverse = reciprocal(cosh(u * transform.per_softcap.as<C>()));
  return linear * inverse * inverse;
}

/// A tile of x, read as z. Its first column is class `begin`.
template <class RawTile>
class TransformedTile {
 public:
  using C = typename RawTile::C;

  __device__ __forceinline__ TransformedTile(const RawTile& raw, const Transform& transform,
                                             std::int64_t begin)
      : raw_(raw), transform_(transform), begin_(begin) {}

  template <class F>
  __device__ __forceinline__ void for_mine(const F& f) const {
    raw_.for_mine([&](int c, C x) { f(c, transformed(transform_, begin_ + c, x)); });
  }

 private:
  const RawTile& raw_;
  const Transform& transform_;
  std::int64_t begin_;
};

}  // namespace xent::gpu
