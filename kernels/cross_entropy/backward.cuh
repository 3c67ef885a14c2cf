// The gradient of cross-entropy from a saved lse: one read and one write, a round of tiles at a time.
#pragma once

#include "kernels/cross_entropy/part_sums.cuh"
#include "kernels/cross_entropy/target_row.cuh"
#include "kernels/row/ahead.cuh"

namespace xent::gpu {

template <class T, class Team>
__device__ __forceinline__ void cross_entropy_backward_row(const CrossEntropyArguments& arguments,
                                                           const Team& team, RowTileAhead<T, Team>& tile,
                                                           std::int64_t r, std::int64_t next) {
  using C = Compute<T>;
  const std::int64_t label = load_label(arguments.labels, r);
  const RowKind kind = kind_of(arguments, label);
  if (kind != RowKind::valid) return skip_row<T>(arguments, team, r, kind, label);

  const Layout& from = arguments.logits.layout;
  const Layout& to = arguments.grad.layout;
  const T* z = static_cast<const T*>(arguments.logits.data) + row_offset(from, r);
  T* grad = static_cast<T*>(arguments.grad.data) + row_offset(to, r);
  const FromLse<C> lse(load_scalar<double>(arguments.lse, r));
  const bool smoothed = arguments.label_smoothing != 0.0;
  const RowTiles tiles(team, from, arguments.tile);
  // In place, another part's element may be overwritten at any time.
  const bool holds_label = tiles.holds(label);
  const C z_label = holds_label ? widen(z[label * from.class_stride]) : C(0);

  // Smoothing spreads over the classes that are not masked, so they have to be counted first.
  std::int64_t unmasked = 1;
  if (smoothed) {
    unmasked = 0;
    const std::int64_t rank = team.part() * Team::kSize + team.rank();
    for (std::int64_t c = rank; c < from.classes; c += team.parts() * Team::kSize) {
      if (widen(z[c * from.class_stride]) != -kInfinity<C>) ++unmasked;
    }
    unmasked = team.combine(team.reduce(unmasked, Plus(), std::int64_t{0}), Plus());
  }
  const TargetDistribution<C> target(arguments.label_smoothing, unmasked);
  const C scale = row_scale<C>(arguments, r);
  const C share = scale * target.share;
  C others = C(0);  // of this thread's columns: 1 - p of the target without a difference
  for (std::int64_t round = 0; round <= tiles.last(); round += tiles.step()) {
    const std::int64_t begin = tiles.begin(round);
    tile.load(z, from.class_stride, begin, tiles.columns(round));
    ask_for_label_row(arguments, tiles, tile, next);
    tile.replace_mine([&](int c, C logit) {
      const C p = lse.probability(logit);
      if (begin + c != label) others += p;
      return smoothed && logit != -kInfinity<C> ? p * scale - share : p * scale;
    });
    tile.store(grad, to.class_stride, begin);
  }
  others = team.combine(team.reduce(others, Plus(), C(0)), Plus());
  team.sync();  // the label's element is written
  if (holds_label && team.rank() == 0) {
    const C p_label = lse.probability(z_label);
    if (p_label != p_label) others = p_label;  // no distribution, also where there are no others
    grad[label * to.class_stride] = narrow<T>(scale * target.gradient(others, z_label == -kInfinity<C>));
  }
}

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kResidentBlocks<kBlock>)
    cross_entropy_backward_kernel(const __grid_constant__ CrossEntropyArguments arguments) {
  for_rows<kTeam, kBlock>(arguments.logits.layout, arguments.tile, arguments.tile.buffers,
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            RowTileAhead<T, Team<kTeam>> tile(memory, arguments.tile, team);
                            return [&arguments, &team, tile](std::int64_t r, std::int64_t next) mutable {
                              cross_entropy_backward_row(arguments, team, tile, r, next);
                            };
                          });
}

struct CrossEntropyBackward {
  using Arguments = CrossEntropyArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &cross_entropy_backward_kernel<T, kTeam, kBlock>;
  }
};

}  // namespace xent::gpu
