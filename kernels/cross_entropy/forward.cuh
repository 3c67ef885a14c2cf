// Cross-entropy forward, and backward in the same pass if a gradient is wanted. A row that fits the tile is
// read from memory once; a longer one is read once for its sums and, all but its last tile, again for its
// gradient.
#pragma once

#include "kernels/cross_entropy/arguments.cuh"
#include "kernels/row/normaliser.cuh"
#include "kernels/row/rows.cuh"

namespace xent::gpu {

template <class T, class Team>
class CrossEntropyRow {
 public:
  using C = Compute<T>;

  __device__ __forceinline__ CrossEntropyRow(const CrossEntropyArguments& arguments, const Team& team,
                                             unsigned char* memory)
      : arguments_(arguments), team_(team), tile_(memory, team) {}

  __device__ __forceinline__ void operator()(std::int64_t r) {
    const std::int64_t label = load_label(arguments_.labels, r);
    const RowKind kind = kind_of(arguments_, label);
    if (kind != RowKind::valid) return skip_row<T>(arguments_, team_, r, kind);

    const Layout& layout = arguments_.logits.layout;
    const T* z = static_cast<const T*>(arguments_.logits.data) + row_offset(layout, r);
    const C z_label = widen(z[label * layout.class_stride]);
    read(z);
    finish(r, label, z_label);
    if (arguments_.grad.data != nullptr) write_gradient(r, z, label, z_label);
  }

 private:
  __device__ __forceinline__ bool smoothed() const { return arguments_.label_smoothing != 0.0; }
  __device__ __forceinline__ int columns(std::int64_t begin) const {
    return columns_from(begin, arguments_.logits.layout.classes, arguments_.tile_columns);
  }

  /// Sums of the whole row, tile by tile; the last tile stays.
  __device__ __forceinline__ void read(const T* z) {
    const Layout& layout = arguments_.logits.layout;
    const bool wants_argmax = arguments_.argmax.size != 0 || arguments_.correct_count != nullptr;
    state_ = {};
    gaps_ = {};
    best_ = {};
    for (std::int64_t begin = 0; begin < layout.classes; begin += arguments_.tile_columns) {
      tile_.load(z, layout.class_stride, begin, columns(begin));
      const C max = tile_maximum(team_, tile_);
      const MaxRest<C> state = tile_state(team_, tile_, max);
      if (smoothed()) gaps_ = merge(gaps_, state_.max, tile_gaps(team_, tile_, max), max);
      if (wants_argmax) best_ = Better()(best_, tile_best(team_, tile_, begin));
      state_ = merge(state_, state);
    }
    if (state_.max == -kInfinity<C>) state_.rest = kNaN<C>;  // no distribution
  }

  __device__ __forceinline__ void finish(std::int64_t r, std::int64_t label, C z_label) {
    if (team_.rank() != 0) return;
    const TargetDistribution<C> target(arguments_.label_smoothing, gaps_.unmasked);
    const C log_sum = log1p(state_.rest);
    C gap = target.on_target == C(0) ? C(0) : target.on_target * (state_.max - z_label);
    if (smoothed()) gap += gaps_.gap * target.share / GapSums<C>::kUnit;
    store_result(arguments_, r,
                 {.loss = static_cast<double>(gap + log_sum),
                  .lse = static_cast<double>(state_.max) + static_cast<double>(log_sum),
                  .argmax = best_.index});
    if (arguments_.correct_count != nullptr && best_.index == label) {
      atomic_add(arguments_.correct_count, 1ULL);
    }
  }

  __device__ __forceinline__ void write_gradient(std::int64_t r, const T* z, std::int64_t label, C z_label) {
    const Layout& from = arguments_.logits.layout;
    const Layout& to = arguments_.grad.layout;
    T* grad = static_cast<T*>(arguments_.grad.data) + row_offset(to, r);
    const TargetDistribution<C> target(arguments_.label_smoothing, gaps_.unmasked);
    const C scale = row_scale<C>(arguments_, r);
    const C sum = state_.sum();
    const C factor = scale / sum;
    const C share = scale * target.share;
    // Where the target is the maximum, all others together are the rest; else 1 is among the others.
    const C others = z_label == state_.max ? state_.rest : sum - exp_of(z_label - state_.max);
    const C at_target = scale * target.gradient(others / sum, z_label == -kInfinity<C>);

    const std::int64_t last = (from.classes - 1) / arguments_.tile_columns * arguments_.tile_columns;
    for (std::int64_t begin = last; begin >= 0; begin -= arguments_.tile_columns) {
      if (begin != last) tile_.load(z, from.class_stride, begin, columns(begin));
      tile_.replace_mine([&](int c, C logit) {
        if (begin + c == label) return at_target;
        const C p = exp_of(logit - state_.max) * factor;
        return smoothed() && logit != -kInfinity<C> ? p - share : p;
      });
      tile_.store(grad, to.class_stride, begin);
    }
  }

  const CrossEntropyArguments& arguments_;
  const Team& team_;
  RowTile<T, Team> tile_;
  MaxRest<C> state_{};
  GapSums<C> gaps_{};
  Best<C> best_{};
};

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock)
    cross_entropy_kernel(const __grid_constant__ CrossEntropyArguments arguments) {
  for_rows<kTeam, kBlock>(arguments.logits.layout, tile_bytes<T>(arguments.tile_columns),
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            return CrossEntropyRow<T, Team<kTeam>>(arguments, team, memory);
                          });
}

}  // namespace xent::gpu
