// What a row of transformed logits z adds up to, over all its classes or a part of them. With m = max z over
// that part, gap[c] = m - z[c] ≥ 0; sums of gaps move with m, so parts can be put together in any grouping.
#pragma once

#include <cstdint>
#include <limits>

#include "kernels/primitives/host_device.hpp"

namespace xent::formulas {

/// Σ weight·gap and Σ weight over the same classes. Classes of weight 0 and masked ones take no part.
template <class C>
struct WeightedGap {
  C gap = C(0);
  C weight = C(0);

  /// Counted from a maximum that is higher by `step`; 0·inf is 0.
  XENT_HOST_DEVICE constexpr WeightedGap moved(C step) const {
    return {weight == C(0) ? gap : gap + weight * step, weight};
  }
  XENT_HOST_DEVICE constexpr WeightedGap operator+(const WeightedGap& other) const {
    return {gap + other.gap, weight + other.weight};
  }
};

template <class C>
struct RowSums {
  C max = -std::numeric_limits<C>::infinity();  ///< m; with rest the identity: no classes
  C rest = C(-1);                               ///< Σ exp(z - m) without the maximum's own 1
  C entropy_gap = C(0);                         ///< Σ exp(z - m)·gap
  WeightedGap<C> target{};                      ///< weights w·q, of soft targets
  WeightedGap<C> given{};                       ///< weights q, of soft targets
  WeightedGap<C> spread{};                      ///< weights w, over unmasked classes: where smoothing goes
  C unmasked = C(0);                            ///< their number

  XENT_HOST_DEVICE constexpr C sum() const { return C(1) + rest; }
};

}  // namespace xent::formulas
