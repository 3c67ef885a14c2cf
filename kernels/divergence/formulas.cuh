// What a class of two distributions adds to their divergence, and to its gradients. s is log(p/q) throughout.
#pragma once

#include "kernels/row/normaliser.cuh"

namespace xent::gpu {

/// Below this |s|, e^-s - 1 + s is taken from its series: further off its parts cancel by 3 bits at most.
template <class C>
inline constexpr C kNearLogRatio = C(0.5);

/// (-1)^k / (k + 2)!, the coefficients of (e^-s - 1 + s) / s².
constexpr __host__ __device__ double near_coefficient(int k) {
  double coefficient = 1.0;
  for (int i = 2; i <= k + 2; ++i) coefficient /= i;
  return k % 2 == 0 ? coefficient : -coefficient;
}

template <class C>
__device__ __forceinline__ bool is_near(C s) {
  return s < kNearLogRatio<C> && s > -kNearLogRatio<C>;
}

/// Horner's scheme from the highest coefficient down.
template <int kTerm, class C>
__device__ __forceinline__ C near_series(C s, C sum) {
  constexpr C kCoefficient = static_cast<C>(near_coefficient(kTerm));
  const C next = fma(sum, s, kCoefficient);
  if constexpr (kTerm == 0) {
    return next;
  } else {
    return near_series<kTerm - 1>(s, next);
  }
}

/// e^-s - 1 + s for |s| up to kNearLogRatio. The first term left out is below a sixteenth of the last bit.
template <class C>
__device__ __forceinline__ C near_excess(C s) {
  constexpr int kTerms = sizeof(C) == 8 ? 14 : 8;
  return s * s * near_series<kTerms - 1>(s, C(0));
}

/// p·(e^-s - 1 + s): what the class adds to KL(p‖q), never negative. Nothing of an infinity is nothing.
template <class C>
__device__ __forceinline__ C excess(C p, C q, C s) {
  if (is_near(s)) return p * near_excess(s);
  return (q - p) + (p == C(0) ? C(0) : p * s);
}

/// q - p, by p·(e^-s - 1) where they are close.
template <class C>
__device__ __forceinline__ C difference(C p, C q, C s) {
  return is_near(s) ? p * (near_excess(s) - s) : q - p;
}

/// log p and log q against their mixture m = β·p + (1-β)·q.
template <class C>
struct MixtureRatios {
  C p_over_m;
  C q_over_m;
};

/// With r = e^-|s|, the smaller of the two over the larger, and κ the smaller one's share,
/// log(larger/m) = -log(1 - κ·(1-r)); the other is |s| less. Nothing of it can overflow.
template <class C>
__device__ __forceinline__ MixtureRatios<C> over_mixture(C s, C beta, C one_less_beta) {
  const bool p_is_larger = s >= C(0);
  const C distance = p_is_larger ? s : -s;
  const C share = p_is_larger ? one_less_beta : beta;
  const C r = exp_of(-distance);
  const C below_one = share * (is_near(s) ? distance - near_excess(distance) : C(1) - r);
  // Near a share of 1 what is left of 1 has its digits in the other share.
  const C log_larger =
      below_one < C(0.5) ? -log1p(-below_one) : -log(fma(share, r, p_is_larger ? beta : one_less_beta));
  const C log_smaller = log_larger - distance;
  return {p_is_larger ? log_larger : log_smaller, p_is_larger ? log_smaller : log_larger};
}

/// States of a row whose logits are divided by a temperature; the maximum is that of the logits themselves.
template <class C>
struct MergeAt {
  C inverse_temperature;

  __device__ __forceinline__ MaxRest<C> operator()(const MaxRest<C>& a, const MaxRest<C>& b) const {
    const bool b_is_high = b.max > a.max;
    const C high = b_is_high ? b.max : a.max;
    const C low = b_is_high ? a.max : b.max;
    const C high_rest = b_is_high ? b.rest : a.rest;
    const C low_rest = b_is_high ? a.rest : b.rest;
    const C decay = low == high ? C(1) : exp_of((low - high) * inverse_temperature);
    return {high, high_rest + (C(1) + low_rest) * decay};
  }
};

template <class T, class Team, class C = Compute<T>>
__device__ __forceinline__ MaxRest<C> tile_state_at(const Team& team, const RowTile<T, Team>& tile,
                                                    C inverse_temperature) {
  const C max = tile_maximum(team, tile);
  // In a fully masked tile z - max would be NaN; shifted by 0 its exponentials are all 0.
  const C shift = max == -kInfinity<C> ? C(0) : max;
  BelowAndOnes<C> sums;
  tile.for_mine([&](int, C z) {
    const C e = exp_of((z - shift) * inverse_temperature);
    if (e >= C(1)) {
      sums.ones += C(1);
    } else {
      sums.below += e;  // NaN too
    }
  });
  sums = team.reduce(sums, Plus(), BelowAndOnes<C>());
  return {max, sums.below + (sums.ones - C(1))};
}

}  // namespace xent::gpu
