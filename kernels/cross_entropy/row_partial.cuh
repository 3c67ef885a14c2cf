// Between a part's sums and a partial: how a row leaves a shard, and how the whole row comes back to it.
#pragma once

#include "kernels/cross_entropy/general_row.cuh"

namespace xent::gpu {

/// Stores the sums of a shard's classes, as formulas::merge wants them: one number after the other, since all
/// at once would not fit into the registers.
template <class C, class Board>
__device__ __forceinline__ void store_partial(const GeneralCrossEntropyArguments& arguments, std::int64_t r,
                                              const PartSums<C>& sums, const Board& board) {
  volatile RowPartial& part = arguments.partials[r];
  const bool nan =
      sums.best.value != sums.best.value;  // which is the largest, though a maximum passes it over
  const bool masked = sums.max == -kInfinity<C> && !nan;  // gaps are infinite as soon as there is a maximum
  part.max = static_cast<double>(nan ? sums.best.value : sums.max);
  part.rest = masked ? -1.0 : static_cast<double>(sums.rest);
  part.entropy_gap = masked ? 0.0 : static_cast<double>(sums.probability_gap);
  part.target_gap = masked ? 0.0 : static_cast<double>(sums.target.gap);
  part.target_weight = static_cast<double>(sums.target.weight.sum());
  part.given_gap = masked ? 0.0 : static_cast<double>(sums.given.gap);
  part.given_weight = static_cast<double>(sums.given.weight.sum());
  part.spread_gap = static_cast<double>(sums.spread_gap) / static_cast<double>(GapSums<C>::kUnit);
  const auto unmasked = static_cast<double>(sums.unmasked);
  part.spread_weight = arguments.class_weights.size != 0 ? static_cast<double>(sums.spread.sum()) : unmasked;
  part.unmasked = unmasked;
  const bool here = board.label >= 0 && board.label != kElsewhere;
  part.label_z = here ? static_cast<double>(board.z_label) : 0.0;
  part.label_weight = here ? static_cast<double>(board.label_weight) : 0.0;
  part.argmax = arguments.first_class + sums.best.index;
  part.labels = here ? 1 : 0;
}

/// The other way round. Of the classes only the label can still be told to be at the maximum: no other one's
/// gradient is taken apart. A row whose label is not in exactly one shard has no distribution.
template <class C, class Board>
__device__ __forceinline__ void take_partial(const volatile RowPartial& all, PartSums<C>& sums,
                                             Board& board) {
  sums = {};
  sums.max = static_cast<C>(all.max);
  const bool complete = board.label < 0 || all.labels == 1;
  const bool finite = all.max - all.max == 0.0;
  sums.rest = complete && finite ? static_cast<C>(all.rest) : kNaN<C>;
  sums.probability_gap = static_cast<C>(all.entropy_gap);
  sums.given = {static_cast<C>(all.given_gap), {C(0), static_cast<C>(all.given_weight)}};
  sums.target = {static_cast<C>(all.target_gap), {C(0), static_cast<C>(all.target_weight)}};
  sums.spread_gap = static_cast<C>(all.spread_gap * static_cast<double>(GapSums<C>::kUnit));
  const bool label_is_peak = board.label >= 0 && all.label_z == all.max && all.spread_weight != 0.0;
  const double at_peak = label_is_peak ? all.label_weight : 0.0;
  sums.spread = {static_cast<C>(at_peak), static_cast<C>(all.spread_weight - at_peak)};
  sums.unmasked = static_cast<std::int64_t>(all.unmasked);
  if (board.label < 0) return;
  board.z_label = static_cast<C>(all.label_z);
  board.label_weight = static_cast<C>(all.label_weight);
}

}  // namespace xent::gpu
