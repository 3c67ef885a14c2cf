// Softmax and log-softmax: a row that fits the team's tiles is read from memory once.
#pragma once

#include "kernels/row/ahead.cuh"
#include "kernels/row/normaliser.cuh"
#include "kernels/row/scalars.cuh"
#include "kernels/softmax/arguments.hpp"

namespace xent::gpu {

template <class T, class Team>
__device__ __forceinline__ void softmax_row(const SoftmaxArguments& arguments, const Team& team,
                                            RowTileAhead<T, Team>& tile, std::int64_t r, std::int64_t next) {
  using C = Compute<T>;
  const Layout& from = arguments.logits.layout;
  const Layout& to = arguments.result.layout;
  const T* z = static_cast<const T*>(arguments.logits.data) + row_offset(from, r);
  T* result = static_cast<T*>(arguments.result.data) + row_offset(to, r);
  const RowTiles tiles(team, from, arguments.tile);
  const auto load = [&](std::int64_t round) {
    tile.load(z, from.class_stride, tiles.begin(round), tiles.columns(round));
  };

  MaxRest<C> state;
  for (std::int64_t round = 0; round <= tiles.last(); round += tiles.step()) {
    load(round);
    if (tile.can_ask(arguments.tile, tiles, from) && next < from.outer * from.inner) {
      tile.ask_ahead(static_cast<const T*>(arguments.logits.data) + row_offset(from, next) + tiles.begin(0),
                     tiles.columns(0));
    }
    state = merge(state, tile_state(team, tile, tile_maximum(team, tile)));
  }
  state = team.combine(state, Merge());
  if (state.max == -kInfinity<C>) state.rest = kNaN<C>;  // no distribution
  const C log_sum = log1p(state.rest);
  const C factor = C(1) / state.sum();

  for (std::int64_t round = tiles.last(); round >= 0; round -= tiles.step()) {
    if (round != tiles.last()) load(round);
    tile.replace_mine([&](int, C logit) {
      const C below = logit - state.max;
      return arguments.log ? below - log_sum : exp_of(below) * factor;
    });
    tile.store(result, to.class_stride, tiles.begin(round));
  }
}

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock, kResidentBlocks<kBlock>)
    softmax_kernel(const __grid_constant__ SoftmaxArguments arguments) {
  for_rows<kTeam, kBlock>(arguments.logits.layout, arguments.tile, arguments.tile.buffers,
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            RowTileAhead<T, Team<kTeam>> tile(memory, arguments.tile, team);
                            return [&arguments, &team, tile](std::int64_t r, std::int64_t next) mutable {
                              softmax_row(arguments, team, tile, r, next);
                            };
                          });
}

struct SoftmaxForward {
  using Arguments = SoftmaxArguments;
  template <class T, int kTeam, int kBlock>
  static auto kernel() {
    return &softmax_kernel<T, kTeam, kBlock>;
  }
};

}  // namespace xent::gpu
