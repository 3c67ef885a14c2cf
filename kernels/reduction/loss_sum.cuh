// The sum or mean of the rows' losses, in double, in an order that the number of rows alone decides: first
// parts of kRowsPerPart rows, then the parts.
#pragma once

#include <xent/options.hpp>

#include "kernels/primitives/block.cuh"
#include "kernels/primitives/math.cuh"
#include "kernels/row/scalars.cuh"

namespace xent::gpu {

inline constexpr std::int64_t kRowsPerPart = 4096;

constexpr __host__ __device__ std::int64_t loss_parts(std::int64_t rows) {
  return (rows + kRowsPerPart - 1) / kRowsPerPart;
}

/// Σ of values[begin, end), the same for every thread of the block.
template <int kBlock, class Value>
__device__ __forceinline__ double block_sum(std::int64_t begin, std::int64_t end, const Value& value,
                                            BlockScratch<double>& scratch) {
  double mine = 0.0;
  for (std::int64_t i = begin + threadIdx.x; i < end; i += kBlock) mine += value(i);
  return reduce_block(mine, Plus(), 0.0, scratch);
}

/// parts[p] for every p below loss_parts(row_loss.size).
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    loss_parts_kernel(const __grid_constant__ ConstVectorView row_loss, double* parts) {
  XENT_SHARED(scratch, BlockScratch<double>);
  for (std::int64_t part = blockIdx.x; part < loss_parts(row_loss.size); part += gridDim.x) {
    const std::int64_t begin = part * kRowsPerPart;
    const std::int64_t end = begin + kRowsPerPart < row_loss.size ? begin + kRowsPerPart : row_loss.size;
    const double sum = block_sum<kBlock>(
        begin, end, [&](std::int64_t r) { return load_scalar<double>(row_loss, r); }, scratch);
    if (threadIdx.x == 0) parts[part] = sum;
  }
}

struct LossSumArguments {
  const double* parts = nullptr;
  std::int64_t part_count = 0;
  VectorView loss{};  ///< a single number
  double divisor = 1.0;
  const unsigned long long* valid_rows = nullptr;  ///< if given, what the mean divides by
  bool empty_is_nan = false;                       ///< the mean over no valid row
};

/// One block: the parts' sum over the divisor.
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    loss_sum_kernel(const __grid_constant__ LossSumArguments arguments) {
  XENT_SHARED(scratch, BlockScratch<double>);
  const double sum = block_sum<kBlock>(
      0, arguments.part_count, [&](std::int64_t part) { return arguments.parts[part]; }, scratch);
  if (threadIdx.x != 0) return;
  double divisor = arguments.divisor;
  if (arguments.valid_rows != nullptr) {
    divisor = static_cast<double>(*arguments.valid_rows);
    // Rows with bad labels are NaN and count as valid, so this sum of nothing is 0.
    if (divisor == 0.0) return store_scalar(arguments.loss, 0, arguments.empty_is_nan ? kNaN<double> : 0.0);
  }
  store_scalar(arguments.loss, 0, sum / divisor);
}

}  // namespace xent::gpu
