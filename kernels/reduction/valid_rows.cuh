// How many rows count: what the mean divides by, without asking the host.
#pragma once

#include "kernels/primitives/atomic.cuh"
#include "kernels/primitives/block.cuh"
#include "kernels/row/scalars.cuh"

namespace xent::gpu {

/// Adds the rows that are not ignored to *valid. Integers: the order of addition changes nothing.
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    count_valid_rows_kernel(const __grid_constant__ LabelView labels, bool has_ignore_index,
                            std::int64_t ignore_index, std::int64_t* valid) {
  XENT_SHARED(scratch, BlockScratch<std::int64_t>);
  std::int64_t mine = 0;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * kBlock;
  for (std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * kBlock + threadIdx.x; r < labels.size;
       r += step) {
    if (!has_ignore_index || load_label(labels, r) != ignore_index) ++mine;
  }
  const std::int64_t all = reduce_block(mine, Plus(), std::int64_t{0}, scratch);
  if (threadIdx.x == 0 && all != 0) atomic_add(valid, all);
}

}  // namespace xent::gpu
