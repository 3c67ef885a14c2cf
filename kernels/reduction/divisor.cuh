// What a mean divides by where the device has to find out: the weights of its rows' labels, added up in the
// order of the loss's sum.
#pragma once

#include "kernels/reduction/loss_sum.cuh"

namespace xent::gpu {

/// parts[p] for every p below loss_parts(rows).
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    weight_parts_kernel(const __grid_constant__ WeightSumArguments arguments) {
  XENT_SHARED(scratch, BlockScratch<double>);
  const LabelView& labels = arguments.labels;
  for (std::int64_t part = blockIdx.x; part * kRowsPerPart < labels.size; part += gridDim.x) {
    const std::int64_t begin = part * kRowsPerPart;
    const std::int64_t end = begin + kRowsPerPart < labels.size ? begin + kRowsPerPart : labels.size;
    const auto weight_of = [&](std::int64_t r) {
      const std::int64_t label = load_label(labels, r);
      if (arguments.has_ignore_index && label == arguments.ignore_index) return 0.0;
      if (arguments.merged != nullptr) return arguments.merged[r].label_weight;
      // A label that names no class counts as a row, so that its NaN is not taken for a mean over nothing.
      const bool in_range = label >= 0 && label < arguments.classes;
      return in_range ? load_scalar<double>(arguments.class_weights, label) : 1.0;
    };
    const double sum = block_sum<kBlock>(begin, end, weight_of, scratch);
    if (threadIdx.x == 0) arguments.parts[part] = sum;
  }
}

/// One block: the parts' sum if there are any, else the number of rows.
template <int kBlock>
__global__ void __launch_bounds__(kBlock) divisor_kernel(const __grid_constant__ DivisorArguments arguments) {
  XENT_SHARED(scratch, BlockScratch<double>);
  const double sum = block_sum<kBlock>(
      0, arguments.part_count, [&](std::int64_t part) { return arguments.parts[part]; }, scratch);
  if (threadIdx.x != 0) return;
  const std::int64_t rows = arguments.valid_rows != nullptr ? *arguments.valid_rows : arguments.rows;
  *arguments.divisor = arguments.part_count > 0 ? sum : static_cast<double>(rows);
}

}  // namespace xent::gpu
