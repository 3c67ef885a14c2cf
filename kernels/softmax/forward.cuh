// Softmax and log-softmax: a row that fits the tile is read from memory once.
#pragma once

#include "kernels/row/normaliser.cuh"
#include "kernels/row/rows.cuh"
#include "kernels/row/scalars.cuh"

namespace xent::gpu {

struct SoftmaxArguments {
  ConstMatrixView logits{};
  MatrixView result{};
  bool log = false;               ///< log-probabilities instead of probabilities
  std::int64_t tile_columns = 0;  ///< columns that a team holds in shared memory; rows may be longer
};

template <class T, class Team>
__device__ __forceinline__ void softmax_row(const SoftmaxArguments& arguments, const Team& team,
                                            unsigned char* memory, std::int64_t r) {
  using C = Compute<T>;
  const Layout& from = arguments.logits.layout;
  const Layout& to = arguments.result.layout;
  const std::int64_t tile_columns = arguments.tile_columns;
  const T* z = static_cast<const T*>(arguments.logits.data) + row_offset(from, r);
  T* result = static_cast<T*>(arguments.result.data) + row_offset(to, r);
  RowTile<T, Team> tile(memory, team);

  MaxRest<C> state;
  for (std::int64_t begin = 0; begin < from.classes; begin += tile_columns) {
    tile.load(z, from.class_stride, begin, columns_from(begin, from.classes, tile_columns));
    state = merge(state, tile_state(team, tile, tile_maximum(team, tile)));
  }
  if (state.max == -kInfinity<C>) state.rest = kNaN<C>;  // no distribution
  const C log_sum = log1p(state.rest);
  const C factor = C(1) / state.sum();

  const std::int64_t last = (from.classes - 1) / tile_columns * tile_columns;
  for (std::int64_t begin = last; begin >= 0; begin -= tile_columns) {
    if (begin != last)
      tile.load(z, from.class_stride, begin, columns_from(begin, from.classes, tile_columns));
    tile.replace_mine([&](int, C logit) {
      const C below = logit - state.max;
      return arguments.log ? below - log_sum : exp_of(below) * factor;
    });
    tile.store(result, to.class_stride, begin);
  }
}

template <class T, int kTeam, int kBlock>
__global__ void __launch_bounds__(kBlock) softmax_kernel(const __grid_constant__ SoftmaxArguments arguments) {
  for_rows<kTeam, kBlock>(arguments.logits.layout, tile_bytes<T>(arguments.tile_columns),
                          [&](const Team<kTeam>& team, unsigned char* memory) {
                            return [&arguments, &team, memory](std::int64_t r) {
                              softmax_row<T>(arguments, team, memory, r);
                            };
                          });
}

}  // namespace xent::gpu
