// The matrix products of a linear layer where no BLAS is at hand. Sums run along the depth in order, so their
// bits depend on nothing but the matrices.
#pragma once

#include "kernels/mlp/arguments.hpp"
#include "kernels/mlp/gemm_tile.hpp"
#include "kernels/primitives/block.cuh"

namespace xent::gpu {

/// A factor's part for one tile of c: kDepth slices across its rows (of a) or columns (of b). The four floats
/// of padding keep the threads that write a slice's ends out of each other's banks, and the alignment of
/// fours.
using GemmSlices = float[kGemmDepth][kGemmTile + 4];

/// Element (outer, k) of the factor lies at outer · depth + k if kDepthRunsFast, else at k · outers + outer.
/// What lies outside is 0.
template <bool kDepthRunsFast>
__device__ __forceinline__ void load_slices(const float* factor, std::int64_t outers, std::int64_t depth,
                                            std::int64_t first_outer, std::int64_t first_k,
                                            GemmSlices& slices) {
  constexpr int kFast = kDepthRunsFast ? kGemmDepth : kGemmTile;
  // Neighbouring threads read neighbouring addresses.
  for (int i = static_cast<int>(threadIdx.x); i < kGemmDepth * kGemmTile; i += kGemmBlock) {
    const int outer = kDepthRunsFast ? i / kFast : i % kFast;
    const int k = kDepthRunsFast ? i % kFast : i / kFast;
    const std::int64_t at_outer = first_outer + outer;
    const std::int64_t at_k = first_k + k;
    const bool inside = at_outer < outers && at_k < depth;
    const std::int64_t at = kDepthRunsFast ? at_outer * depth + at_k : at_k * outers + at_outer;
    slices[k][outer] = inside ? factor[at] : 0.0F;
  }
}

/// A block computes a tile of c, a thread 4 × 4 of its elements. a is stored depth × rows if kTransposedA, b
/// cols × depth if kTransposedB.
template <bool kTransposedA, bool kTransposedB>
__global__ void __launch_bounds__(kGemmBlock) gemm_kernel(const __grid_constant__ GemmArguments arguments) {
  XENT_SHARED(a, GemmSlices);
  XENT_SHARED(b, GemmSlices);
  constexpr int kEach = 4;
  constexpr int kThreadsAcross = kGemmTile / kEach;
  const std::int64_t tiles_across = gemm_tiles(arguments.cols);
  const std::int64_t first_row = blockIdx.x / tiles_across * kGemmTile;
  const std::int64_t first_col = blockIdx.x % tiles_across * kGemmTile;
  const int row = static_cast<int>(threadIdx.x) / kThreadsAcross * kEach;  // in the tile
  const int col = static_cast<int>(threadIdx.x) % kThreadsAcross * kEach;

  float sum[kEach][kEach] = {};
  for (std::int64_t k = 0; k < arguments.depth; k += kGemmDepth) {
    load_slices<!kTransposedA>(arguments.a, arguments.rows, arguments.depth, first_row, k, a);
    load_slices<kTransposedB>(arguments.b, arguments.cols, arguments.depth, first_col, k, b);
    __syncthreads();
    XENT_UNROLL
    for (int slice = 0; slice < kGemmDepth; ++slice) {
      XENT_UNROLL
      for (int i = 0; i < kEach; ++i) {
        XENT_UNROLL
        for (int j = 0; j < kEach; ++j) sum[i][j] += a[slice][row + i] * b[slice][col + j];
      }
    }
    __syncthreads();  // before the slices are replaced
  }

  XENT_UNROLL
  for (int i = 0; i < kEach; ++i) {
    XENT_UNROLL
    for (int j = 0; j < kEach; ++j) {
      const std::int64_t r = first_row + row + i;
      const std::int64_t c = first_col + col + j;
      if (r >= arguments.rows || c >= arguments.cols) continue;
      const float y = sum[i][j] + (arguments.bias != nullptr ? arguments.bias[c] : 0.0F);
      // Not a maximum, which would turn NaN into 0 and hide that training has diverged.
      arguments.c[r * arguments.cols + c] = arguments.relu && y < 0.0F ? 0.0F : y;
    }
  }
}

}  // namespace xent::gpu
