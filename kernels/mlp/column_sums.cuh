// The gradient of a bias: the sum of each column, in an order that the number of rows alone decides.
#pragma once

#include "kernels/mlp/arguments.hpp"
#include "kernels/primitives/block.cuh"

namespace xent::gpu {

/// A block has 32 columns, one per lane, and its warps take turns at the rows.
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    column_sums_kernel(const __grid_constant__ ColumnSumArguments arguments) {
  constexpr int kWarps = kBlock / static_cast<int>(kWarpSize);
  XENT_SHARED(part, float[kWarps][kWarpSize]);
  const std::int64_t col = static_cast<std::int64_t>(blockIdx.x) * kWarpSize + lane_id();
  float sum = 0.0F;
  if (col < arguments.cols) {
    for (std::int64_t row = warp_id(); row < arguments.rows; row += kWarps) {
      sum += arguments.x[row * arguments.cols + col];
    }
  }
  part[warp_id()][lane_id()] = sum;
  __syncthreads();
  if (warp_id() != 0 || col >= arguments.cols) return;
  XENT_UNROLL
  for (int warp = 1; warp < kWarps; ++warp) sum += part[warp][lane_id()];
  arguments.sums[col] = sum;
}

}  // namespace xent::gpu
