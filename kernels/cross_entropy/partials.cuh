// Partials merged, and rows told from them: a thread per row.
#pragma once

#include "kernels/cross_entropy/partial_arguments.hpp"
#include "kernels/cross_entropy/target_row.cuh"
#include "kernels/formulas/row_partial.hpp"

namespace xent::gpu {

template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    merge_partials_kernel(const __grid_constant__ MergeArguments arguments) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * kBlock;
  for (std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * kBlock + threadIdx.x; r < arguments.rows;
       r += stride) {
    RowPartial all = arguments.partials[r];
    for (std::int64_t shard = 1; shard < arguments.shards; ++shard) {
      all = formulas::merge(all, arguments.partials[shard * arguments.rows + r]);
    }
    arguments.merged[r] = all;
  }
}

template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    rows_from_partials_kernel(const __grid_constant__ RowsFromPartialsArguments arguments) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * kBlock;
  for (std::int64_t r = static_cast<std::int64_t>(blockIdx.x) * kBlock + threadIdx.x; r < arguments.rows;
       r += stride) {
    const std::int64_t label = arguments.has_labels ? load_label(arguments.labels, r) : -1;
    RowResult result;
    double log_prob = 0.0;
    double entropy = 0.0;
    if (!arguments.has_labels || !arguments.has_ignore_index || label != arguments.ignore_index) {
      RowPartial all = arguments.merged[r];
      if (arguments.has_labels && all.labels != 1) all.max = kNaN<double>;  // not all shards, or some twice
      const formulas::RowLoss<double> row = formulas::row_loss(all, arguments.has_labels, arguments.options);
      result = {.loss = row.loss, .lse = row.lse, .argmax = all.argmax};
      log_prob = row.log_prob;
      entropy = row.entropy;
      if (arguments.correct_count != nullptr && all.argmax == label) {
        atomic_add(arguments.correct_count, std::int64_t{1});
      }
    }
    const auto store = [r](const VectorView& view, double value) {
      if (view.size != 0) store_scalar(view, r, value);
    };
    store(arguments.row_loss, result.loss);
    store(arguments.row_loss_too, result.loss);
    store(arguments.lse, result.lse);
    store(arguments.log_prob, log_prob);
    store(arguments.entropy, entropy);
    if (arguments.argmax.size != 0) store_index(arguments.argmax, r, result.argmax);
  }
}

}  // namespace xent::gpu
