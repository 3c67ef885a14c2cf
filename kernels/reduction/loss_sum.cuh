// The sum or mean of the rows' losses, in double, in an order that the number of rows alone decides: first
// parts of kRowsPerPart rows, then the parts.
#pragma once

#include "kernels/primitives/atomic.cuh"
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

/// Of one thread from each block: whether all the others have been here. What it wrote before is then seen by
/// the last one's after it.
__device__ __forceinline__ bool is_last_block(std::uint32_t* ticket) {
  if (gridDim.x == 1) return true;
  __threadfence();
  const bool last = atomic_add(ticket, std::uint32_t{1}) == gridDim.x - 1;
  __threadfence();
  if (last) atomic_exchange(ticket, std::uint32_t{0});
  return last;
}

/// The rows' sum over the divisor. The blocks add up parts of the rows, and the last to be done the parts.
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    loss_sum_kernel(const __grid_constant__ LossSumArguments arguments) {
  XENT_SHARED(scratch, BlockScratch<double>);
  XENT_SHARED(is_last, bool);
  const std::int64_t rows = arguments.rows;
  for (std::int64_t part = blockIdx.x; part * kRowsPerPart < rows; part += gridDim.x) {
    const std::int64_t begin = part * kRowsPerPart;
    const std::int64_t end = begin + kRowsPerPart < rows ? begin + kRowsPerPart : rows;
    const double sum = block_sum<kBlock>(
        begin, end, [&](std::int64_t r) { return arguments.row_loss[r]; }, scratch);
    if (threadIdx.x == 0) arguments.parts[part] = sum;
  }
  if (threadIdx.x == 0) is_last = is_last_block(arguments.ticket);
  __syncthreads();
  if (!is_last) return;
  const volatile double* const parts = arguments.parts;  // others wrote them while this block ran
  const double sum = block_sum<kBlock>(
      0, arguments.part_count, [&](std::int64_t part) { return parts[part]; }, scratch);
  if (threadIdx.x != 0) return;
  double divisor = arguments.divisor;
  if (arguments.valid_rows != nullptr) divisor = static_cast<double>(*arguments.valid_rows);
  if (arguments.divisor_at.size != 0) divisor = load_scalar<double>(arguments.divisor_at, 0);
  const double empty = arguments.empty_is_nan ? kNaN<double> : 0.0;
  store_scalar(arguments.loss, 0, divisor == 0.0 ? empty : sum / divisor);
}

}  // namespace xent::gpu
