// Calls on partials as their kernels see them. Views point to device memory; what is not given is skipped.
#pragma once

#include <xent/shards.hpp>

#include "kernels/formulas/row_loss.hpp"

namespace xent::gpu {

struct MergeArguments {
  const RowPartial* partials = nullptr;  ///< shards × rows
  RowPartial* merged = nullptr;
  std::int64_t shards = 1;
  std::int64_t rows = 0;
};

struct RowsFromPartialsArguments {
  const RowPartial* merged = nullptr;
  std::int64_t rows = 0;
  LabelView labels{};
  bool has_labels = false;
  bool has_ignore_index = false;
  std::int64_t ignore_index = 0;
  formulas::RowOptions<double> options{};
  VectorView row_loss{};
  VectorView row_loss_too{};
  VectorView lse{};
  VectorView log_prob{};
  VectorView entropy{};
  IndexView argmax{};
  std::int64_t* correct_count = nullptr;  ///< added to
};

}  // namespace xent::gpu
