// The passes over a tile that the general kernels take, each only if somebody wants its sums. A tile is read
// as z; `max` is its maximum, at_peak(c, z) tells whether a column is at its peak.
#pragma once

#include "kernels/cross_entropy/part_sums.cuh"

namespace xent::gpu {

template <class C>
struct TileProbabilities {
  C rest;
  C gap;
};

/// Rest as tile_state() takes it, bit for bit.
template <class Team, class Tile, class Peak, class C = typename Tile::C>
__device__ __forceinline__ TileProbabilities<C> tile_probabilities(const Team& team, const Tile& tile, C max,
                                                                   const FromMaximum<C>&, const Peak&,
                                                                   bool wants_gap) {
  const C shift = max == -kInfinity<C> ? C(0) : max;
  BelowAndOnes<C> sums;
  C gap = C(0);
  tile.for_mine([&](int, C z) {
    const C below = z - shift;
    const C e = exp_of(below);
    if (e >= C(1)) {
      sums.ones += C(1);
    } else {
      sums.below += e;  // NaN too
    }
    if (wants_gap && e != C(0)) gap -= e * below;
  });
  sums = team.reduce(sums, Plus(), BelowAndOnes<C>());
  if (wants_gap) gap = team.reduce(gap, Plus(), C(0));
  return {sums.below + (sums.ones - C(1)), gap};
}

template <class Team, class Tile, class Peak, class C = typename Tile::C>
__device__ __forceinline__ TileProbabilities<C> tile_probabilities(const Team& team, const Tile& tile, C,
                                                                   const FromLse<C>& from,
                                                                   const Peak& at_peak, bool wants_gap) {
  TileProbabilities<C> sums{C(0), C(0)};
  tile.for_mine([&](int c, C z) {
    const C log_p = from.log_probability(z);
    const C p = exp_of(log_p);
    if (!at_peak(c, z)) sums.rest += p;
    if (wants_gap && p != C(0)) sums.gap -= p * log_p;
  });
  sums.rest = team.reduce(sums.rest, Plus(), C(0));
  if (wants_gap) sums.gap = team.reduce(sums.gap, Plus(), C(0));
  return sums;
}

template <class C>
struct TileSpread {
  C gap;
  PeakSum<C> weight;
  int unmasked;
};

/// Gap and count as tile_gaps() takes them, bit for bit, where all weights are 1.
template <class Team, class Tile, class Peak, class Weight, class C = typename Tile::C>
__device__ __forceinline__ TileSpread<C> tile_spread(const Team& team, const Tile& tile, C max,
                                                     const Peak& at_peak, const Weight& weight_of) {
  C gap = C(0);
  PeakSum<C> weight;
  int unmasked = 0;
  tile.for_mine([&](int c, C z) {
    if (z == -kInfinity<C>) return;
    const C w = weight_of(c);
    if (w != C(0)) gap += (max - z) * GapSums<C>::kUnit * w;
    weight.add(w, at_peak(c, z));
    ++unmasked;
  });
  gap = team.reduce(gap, Plus(), C(0));
  unmasked = team.reduce(unmasked, Plus(), 0);
  return {gap, team.reduce(weight, Plus(), PeakSum<C>()), unmasked};
}

/// Of any weights; a masked class with one has an infinite gap.
template <class Team, class Tile, class Peak, class Weight, class C = typename Tile::C>
__device__ __forceinline__ WeightedGaps<C> tile_weighted_gaps(const Team& team, const Tile& tile, C max,
                                                              const Peak& at_peak, const Weight& weight_of) {
  WeightedGaps<C> sums;
  tile.for_mine([&](int c, C z) {
    const C w = weight_of(c);
    if (w == C(0)) return;
    const C gap = z == -kInfinity<C> ? kInfinity<C> : max - z;
    if (gap != C(0)) sums.gap += w * gap;
    sums.weight.add(w, at_peak(c, z));
  });
  sums.gap = team.reduce(sums.gap, Plus(), C(0));
  sums.weight = team.reduce(sums.weight, Plus(), PeakSum<C>());
  return sums;
}

struct TileRank {
  int before = 0;
  int nans = 0;

  __device__ __forceinline__ TileRank operator+(const TileRank& other) const {
    return {before + other.before, nans + other.nans};
  }
};

/// Classes that come before the label; `label` is its column, counted from the tile's first.
template <class Team, class Tile, class C = typename Tile::C>
__device__ __forceinline__ TileRank tile_rank(const Team& team, const Tile& tile, C z_label,
                                              std::int64_t label) {
  TileRank rank;
  tile.for_mine([&](int c, C z) {
    if (z > z_label || (z == z_label && c < label)) ++rank.before;
    if (z != z) ++rank.nans;
  });
  return team.reduce(rank, Plus(), TileRank());
}

}  // namespace xent::gpu
