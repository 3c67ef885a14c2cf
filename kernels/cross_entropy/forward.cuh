// Cross-entropy forward, and backward in the same pass if a gradient is wanted. A row that fits the team's
// tiles is read from memory once; a longer one is read once for its sums and, all but its last round of
// tiles, again for its gradient.
#pragma once

#include "kernels/cross_entropy/target_row.cuh"
#include "kernels/row/ahead.cuh"
#include "kernels/row/normaliser.cuh"
#include "kernels/row/rows.cuh"

namespace xent::gpu {

/// What a part of a row knows of it.
template <class C>
struct RowSums {
  MaxRest<C> state{};
  GapSums<C> gaps{};  ///< counted from state.max
  Best<C> best{};
};
struct MergeRowSums {
  template <class C>
  __device__ __forceinline__ RowSums<C> operator()(const RowSums<C>& a, const RowSums<C>& b) const {
    return {merge(a.state, b.state), merge(a.gaps, a.state.max, b.gaps, b.state.max),
            Better()(a.best, b.best)};
  }
};

template <class T, class Team>
class CrossEntropyRow {
 public:
  using C = Compute<T>;

  __device__ __forceinline__ CrossEntropyRow(const CrossEntropyArguments& arguments, const Team& team,
                                             unsigned char* memory)
      : arguments_(arguments),
        team_(team),
        tiles_(team, arguments.logits.layout, arguments.tile),
        tile_(memory, arguments.tile, team) {}

  __device__ __forceinline__ void operator()(std::int64_t r, std::int64_t next) {
    const std::int64_t label = load_label(arguments_.labels, r);
    const RowKind kind = kind_of(arguments_, label);
    if (kind != RowKind::valid) return skip_row<T>(arguments_, team_, r, kind, label);

    const Layout& layout = arguments_.logits.layout;
    const T* z = static_cast<const T*>(arguments_.logits.data) + row_offset(layout, r);
    const C z_label = widen(z[label * layout.class_stride]);
    read(z, next);
    finish(r, label, z_label);
    if (arguments_.grad.data != nullptr) write_gradient(r, z, label, z_label);
  }

 private:
  __device__ __forceinline__ bool smoothed() const { return arguments_.label_smoothing != 0.0; }
  __device__ __forceinline__ void load(const T* z, std::int64_t round) {
    tile_.load(z, arguments_.logits.layout.class_stride, tiles_.begin(round), tiles_.columns(round));
  }

  /// Sums of the whole row, round by round; the last round's tiles stay.
  __device__ __forceinline__ void read(const T* z, std::int64_t next) {
    const bool wants_argmax = arguments_.argmax.size != 0 || arguments_.correct_count != nullptr;
    sums_ = {};
    for (std::int64_t round = 0; round <= tiles_.last(); round += tiles_.step()) {
      load(z, round);
      ask_for_label_row(arguments_, tiles_, tile_, next);
      const C max = tile_maximum(team_, tile_);
      // Each goes into the row's before the next is taken: both at once would not fit into the registers.
      if (wants_argmax) sums_.best = Better()(sums_.best, tile_best(team_, tile_, tiles_.begin(round)));
      if (smoothed()) sums_.gaps = merge(sums_.gaps, sums_.state.max, tile_gaps(team_, tile_, max), max);
      sums_.state = merge(sums_.state, tile_state(team_, tile_, max));
    }
    sums_ = team_.combine(sums_, MergeRowSums());
    if (sums_.state.max == -kInfinity<C>) sums_.state.rest = kNaN<C>;  // no distribution
  }

  __device__ __forceinline__ void finish(std::int64_t r, std::int64_t label, C z_label) {
    if (!team_.leads()) return;
    const TargetDistribution<C> target(arguments_.label_smoothing, sums_.gaps.unmasked);
    const C log_sum = log1p(sums_.state.rest);
    const C loss = target.loss(sums_.state.max - z_label, sums_.gaps, log_sum);
    store_result(arguments_, r,
                 {.loss = static_cast<double>(loss),
                  .lse = static_cast<double>(sums_.state.max) + static_cast<double>(log_sum),
                  .argmax = sums_.best.index});
    if (arguments_.correct_count != nullptr && sums_.best.index == label) {
      atomic_add(arguments_.correct_count, std::int64_t{1});
    }
  }

  __device__ __forceinline__ void write_gradient(std::int64_t r, const T* z, std::int64_t label, C z_label) {
    const Layout& to = arguments_.grad.layout;
    T* grad = static_cast<T*>(arguments_.grad.data) + row_offset(to, r);
    const TargetDistribution<C> target(arguments_.label_smoothing, sums_.gaps.unmasked);
    const PlainGradient<C> gradient(target, row_scale<C>(arguments_, r), sums_.state, z_label);

    for (std::int64_t round = tiles_.last(); round >= 0; round -= tiles_.step()) {
      if (round != tiles_.last()) load(z, round);
      const std::int64_t begin = tiles_.begin(round);
      tile_.replace_mine([&](int, C logit) { return gradient.elsewhere(logit, sums_.state.max); });
      tile_.put_if_mine(label - begin, gradient.at_label);
      tile_.store(grad, to.class_stride, begin);
    }
  }

  const CrossEntropyArguments& arguments_;
  const Team& team_;
  RowTiles<Team> tiles_;
  RowTileAhead<T, Team> tile_;
  RowSums<C> sums_{};
};

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kResidentBlocks<kBlock>)
    cross_entropy_kernel(const __grid_constant__ CrossEntropyArguments arguments) {
  for_rows<kTeam, kBlock>(arguments.logits.layout, arguments.tile, arguments.tile.buffers,
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            return CrossEntropyRow<T, Team<kTeam>>(arguments, team, memory);
                          });
}

struct CrossEntropyForward {
  using Arguments = CrossEntropyArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &cross_entropy_kernel<T, kTeam, kBlock>;
  }
};

}  // namespace xent::gpu
