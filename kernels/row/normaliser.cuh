// A row's normaliser as (max, rest): Σ_c exp(z[c]) = exp(max) · (1 + rest). Leaving the maximum's own 1 out
// of the sum keeps every digit of a row that is sure of its class (docs/numerics.md).
#pragma once

#include <limits>

#include "kernels/primitives/math.cuh"
#include "kernels/row/tile.cuh"

namespace xent::gpu {

/// e^x, to the accuracy of x·log2(e) as a number of the compute type.
template <class C>
__device__ __forceinline__ C exp_of(C x) {
  return exp2(x * kLog2E<C>);
}

template <class C>
struct MaxRest {
  C max = -kInfinity<C>;  ///< the identity: no classes, and a sum 1 + rest of 0
  C rest = C(-1);

  __device__ __forceinline__ C sum() const { return C(1) + rest; }
};

template <class C>
__device__ __forceinline__ MaxRest<C> merge(const MaxRest<C>& a, const MaxRest<C>& b) {
  // Member by member: choosing between the structs would put them into memory.
  const bool b_is_high = b.max > a.max;
  const C high = b_is_high ? b.max : a.max;
  const C low = b_is_high ? a.max : b.max;
  const C high_rest = b_is_high ? b.rest : a.rest;
  const C low_rest = b_is_high ? a.rest : b.rest;
  const C decay = low == high ? C(1) : exp_of(low - high);
  return {high, high_rest + (C(1) + low_rest) * decay};
}

struct Merge {
  template <class C>
  __device__ __forceinline__ MaxRest<C> operator()(const MaxRest<C>& a, const MaxRest<C>& b) const {
    return merge(a, b);
  }
};

/// Exponentials below 1 and the number of the others.
template <class C>
struct BelowAndOnes {
  C below = C(0);
  C ones = C(0);

  __device__ __forceinline__ BelowAndOnes operator+(const BelowAndOnes& other) const {
    return {below + other.below, ones + other.ones};
  }
};

// A tile below is a RowTile, or one that is read through a transform.

template <class Team, class Tile, class C = typename Tile::C>
__device__ __forceinline__ C tile_maximum(const Team& team, const Tile& tile) {
  C max = -kInfinity<C>;
  tile.for_mine([&](int, C z) { max = z > max ? z : max; });
  return team.reduce(max, Maximum(), -kInfinity<C>);
}

template <class Team, class Tile, class C = typename Tile::C>
__device__ __forceinline__ MaxRest<C> tile_state(const Team& team, const Tile& tile, C max) {
  // In a fully masked tile z - max would be NaN; shifted by 0 its exponentials are all 0.
  const C shift = max == -kInfinity<C> ? C(0) : max;
  BelowAndOnes<C> sums;
  tile.for_mine([&](int, C z) {
    const C e = exp_of(z - shift);
    if (e >= C(1)) {
      sums.ones += C(1);
    } else {
      sums.below += e;  // NaN too
    }
  });
  sums = team.reduce(sums, Plus(), BelowAndOnes<C>());
  return {max, sums.below + (sums.ones - C(1))};
}

/// What label smoothing needs: Σ over unmasked classes of (max - z), in a unit that keeps the sum in range,
/// and their number.
template <class C>
struct GapSums {
  static constexpr C kUnit = C(1) / C(1 << 20);
  C gap = C(0);
  std::int64_t unmasked = 0;
};

template <class Team, class Tile, class C = typename Tile::C>
__device__ __forceinline__ GapSums<C> tile_gaps(const Team& team, const Tile& tile, C max) {
  C gap = C(0);
  int unmasked = 0;
  tile.for_mine([&](int, C z) {
    if (z == -kInfinity<C>) return;
    gap += (max - z) * GapSums<C>::kUnit;
    ++unmasked;
  });
  gap = team.reduce(gap, Plus(), C(0));
  return {gap, team.reduce(unmasked, Plus(), 0)};
}

/// Gaps count from the maximum, and move with it.
template <class C>
__device__ __forceinline__ GapSums<C> merge(const GapSums<C>& a, C max_a, const GapSums<C>& b, C max_b) {
  const C max = max_b > max_a ? max_b : max_a;
  const auto moved = [max](const GapSums<C>& part, C from) {
    return part.unmasked == 0 ? part.gap
                              : part.gap + (max - from) * GapSums<C>::kUnit * static_cast<C>(part.unmasked);
  };
  return {moved(a, max_a) + moved(b, max_b), a.unmasked + b.unmasked};
}

/// The lowest class with the largest logit; the first NaN if there is one.
template <class C, class Index = std::int64_t>
struct Best {
  static constexpr Index kNone = std::numeric_limits<Index>::max();
  C value = -kInfinity<C>;
  Index index = kNone;
};
struct Better {
  template <class C, class Index>
  __device__ __forceinline__ Best<C, Index> operator()(const Best<C, Index>& a,
                                                       const Best<C, Index>& b) const {
    const bool a_nan = a.value != a.value;
    const bool b_nan = b.value != b.value;
    const bool tie = a_nan == b_nan && (a_nan || a.value == b.value);
    const bool take_a = tie ? a.index < b.index : a_nan || (!b_nan && a.value > b.value);
    return {take_a ? a.value : b.value, take_a ? a.index : b.index};
  }
};

template <class Team, class Tile, class C = typename Tile::C>
__device__ __forceinline__ Best<C> tile_best(const Team& team, const Tile& tile, std::int64_t begin) {
  using BestColumn = Best<C, int>;
  BestColumn best;
  tile.for_mine([&](int c, C z) { best = Better()(best, BestColumn{z, c}); });
  best = team.reduce(best, Better(), BestColumn());
  return {best.value, begin + best.index};
}

}  // namespace xent::gpu
