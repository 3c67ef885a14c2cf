// The sum or mean of the rows' losses, in double, in an order that the number of rows alone decides: first
// parts of kRowsPerPart rows, then the parts.
#pragma once

#include "kernels/primitives/block.cuh"
#include "kernels/primitives/math.cuh"
#include "kernels/reduction/arguments.hpp"
#include "kernels/row/scalars.cuh"

namespace xent::gpu {

/// Σ of values[begin, end), the same for every thread of the block.
template <int kBlock, class Value>
__device__ __forceinline__ double block_sum(std::int64_t begin, std::int64_t end, const Value& value,
                                            BlockScratch<double>& scratch) {
  double mine = 0.0;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += kBlock) mine += value(i);
  return reduce_block(mine, Plus(), 0.0, scratch);
}

/// parts[p] for every p below loss_parts(rows).
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    loss_parts_kernel(const double* row_loss, std::int64_t rows, double* parts) {
  XENT_SHARED(scratch, BlockScratch<double>);
  for (std::int64_t part = blockIdx.x; part * kRowsPerPart < rows; part += gridDim.x) {
    const std::int64_t begin = part * kRowsPerPart;
    const std::int64_t end = begin + kRowsPerPart < rows ? begin + kRowsPerPart : rows;
    const double sum = block_sum<kBlock>(
        begin, end, [&](std::int64_t r) { return row_loss[r]; }, scratch);
    if (threadIdx.x == 0) parts[part] = sum;
  }
}

/// One block: the parts' sum over the divisor.
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    loss_sum_kernel(const __grid_constant__ LossSumArguments arguments) {
  XENT_SHARED(scratch, BlockScratch<double>);
  const double sum = block_sum<kBlock>(
      0, arguments.part_count, [&](std::int64_t part) { return arguments.parts[part]; }, scratch);
  if (threadIdx.x != 0) return;
  double divisor = arguments.divisor;
  if (arguments.valid_rows != nullptr) divisor = static_cast<double>(*arguments.valid_rows);
  if (arguments.divisor_at.size != 0) divisor = load_scalar<double>(arguments.divisor_at, 0);
  const double empty = arguments.empty_is_nan ? kNaN<double> : 0.0;
  store_scalar(arguments.loss, 0, divisor == 0.0 ? empty : sum / divisor);
}

}  // namespace xent::gpu
