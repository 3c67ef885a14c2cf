// What a part of a row adds up to when a call has options that the plain kernels do not know. One thread of
// the part keeps it in shared memory: it would not fit into the registers of 1024 threads.
#pragma once

#include "kernels/row/normaliser.cuh"

namespace xent::gpu {

/// Sums over classes, the one at the peak apart: next to a class of nearly all probability nothing may be
/// lost of the others' weights.
template <class C>
struct PeakSum {
  C peak = C(0);
  C rest = C(0);

  __device__ __forceinline__ void add(C value, bool at_peak) {
    peak += at_peak ? value : C(0);
    rest += at_peak ? C(0) : value;
  }
  __device__ __forceinline__ C sum() const { return peak + rest; }
  __device__ __forceinline__ PeakSum operator+(const PeakSum& other) const {
    return {peak + other.peak, rest + other.rest};
  }
  /// Beside a higher maximum.
  __device__ __forceinline__ PeakSum below(bool lower) const {
    return {lower ? C(0) : peak, lower ? sum() : rest};
  }
};

/// Σ weight·gap as well, gaps counted from the maximum.
template <class C>
struct WeightedGaps {
  C gap = C(0);
  PeakSum<C> weight{};
};

template <class C>
struct PartSums {
  C max = -kInfinity<C>;
  /// Forward: Σ exp(z - max) without one 1, -1 for no classes. From a saved lse: Σ p without the class at the
  /// peak, 0 for no classes.
  C rest = C(0);
  C probability_gap = C(0);  ///< Σ exp(z - max)·gap, or Σ p·ℓ
  WeightedGaps<C> target{};  ///< of soft targets: weights w·q
  WeightedGaps<C> given{};   ///< of soft targets: weights q
  C spread_gap = C(0);       ///< Σ w·gap over unmasked classes, in units of GapSums::kUnit
  PeakSum<C> spread{};       ///< Σ w over them
  std::int64_t unmasked = 0;
  std::int64_t before = 0;  ///< classes with a larger z than the label's, and lower ones with the same
  std::int64_t nans = 0;
  Best<C> best{};
};

/// Sums counted from the row's own maximum, which move with it.
template <class C>
struct FromMaximum {
  static constexpr C kNothing = C(-1);  ///< rest of no classes

  /// Whether the row's peak is not among a part's classes. All classes at the maximum are at the peak: it
  /// matters only where there is one.
  __device__ __forceinline__ static bool lower(const PartSums<C>& part, const PartSums<C>& other,
                                               const Best<C>&) {
    return other.max > part.max;
  }
  __device__ __forceinline__ static C moved(C gap, C weight, C step) {
    return weight == C(0) || step == C(0) ? gap : gap + step * weight;
  }
  __device__ __forceinline__ C rest(const PartSums<C>& a, const PartSums<C>& b) const {
    return merge(MaxRest<C>{a.max, a.rest}, MaxRest<C>{b.max, b.rest}).rest;
  }
  __device__ __forceinline__ static C probability_gap(const PartSums<C>& part, C step) {
    if (step == C(0)) return part.probability_gap;
    const C decay = exp_of(-step);
    return decay == C(0) ? C(0) : decay * (part.probability_gap + step * (C(1) + part.rest));
  }
};

/// Counted from a saved lse, as the sum of two numbers of the compute type so that an f64 one keeps its
/// digits.
template <class C>
struct FromLse {
  static constexpr C kNothing = C(0);
  C high = C(0);
  C low = C(0);

  FromLse() = default;
  __device__ __forceinline__ explicit FromLse(double lse) : high(static_cast<C>(lse)) {
    const double rounded_off = lse - static_cast<double>(high);
    low = rounded_off - rounded_off == 0.0 ? static_cast<C>(rounded_off) : C(0);  // high may be infinite
  }

  __device__ __forceinline__ C log_probability(C z) const { return (z - high) - low; }
  __device__ __forceinline__ C probability(C z) const { return exp_of(log_probability(z)); }

  /// The peak is the lowest class at the maximum: a rounded lse may leave much probability to several.
  __device__ __forceinline__ static bool lower(const PartSums<C>& part, const PartSums<C>&,
                                               const Best<C>& best) {
    return part.best.index != best.index;
  }
  __device__ __forceinline__ static C moved(C gap, C, C) { return gap; }
  __device__ __forceinline__ C rest(const PartSums<C>& a, const PartSums<C>& b) const {
    return a.rest + b.rest + probability(b.max > a.max ? a.max : b.max);
  }
  __device__ __forceinline__ static C probability_gap(const PartSums<C>& part, C) {
    return part.probability_gap;
  }
};

/// Both may lie in shared memory, `from` in another block's. Weights that are all 1 are counted exactly.
template <class C, class Normaliser>
__device__ __forceinline__ void merge_into(PartSums<C>& into, const PartSums<C>& from,
                                           const Normaliser& normaliser, bool ones) {
  const Best<C> best = Better()(into.best, from.best);
  const bool into_lower = normaliser.lower(into, from, best);
  const bool from_lower = normaliser.lower(from, into, best);
  const C into_step = from.max > into.max ? from.max - into.max : C(0);
  const C from_step = into.max > from.max ? into.max - from.max : C(0);
  const C rest = normaliser.rest(into, from);
  into.probability_gap =
      normaliser.probability_gap(into, into_step) + normaliser.probability_gap(from, from_step);
  const auto add = [&](WeightedGaps<C>& a, const WeightedGaps<C>& b) {
    a.gap = normaliser.moved(a.gap, a.weight.sum(), into_step) +
            normaliser.moved(b.gap, b.weight.sum(), from_step);
    a.weight = a.weight.below(into_lower) + b.weight.below(from_lower);
  };
  add(into.target, from.target);
  add(into.given, from.given);
  const auto spread_weight = [ones](const PartSums<C>& part) {
    return ones ? static_cast<C>(part.unmasked) : part.spread.sum();
  };
  into.spread_gap = normaliser.moved(into.spread_gap, spread_weight(into), into_step * GapSums<C>::kUnit) +
                    normaliser.moved(from.spread_gap, spread_weight(from), from_step * GapSums<C>::kUnit);
  into.spread = into.spread.below(into_lower) + from.spread.below(from_lower);
  into.unmasked += from.unmasked;
  into.before += from.before;
  into.nans += from.nans;
  into.best = best;
  into.max = from.max > into.max ? from.max : into.max;
  into.rest = rest;
}

}  // namespace xent::gpu
