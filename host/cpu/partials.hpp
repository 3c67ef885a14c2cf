// Rows put together from what shards know of them, on the CPU. Arguments are checked by the caller.
#pragma once

#include <cstddef>
#include <optional>

#include <xent/shards.hpp>

#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

void cross_entropy_partials(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                            std::span<RowPartial> partials, const LossOptions& options,
                            const plan::CpuPlan& plan);

/// A divisor of 0 is an empty mean.
void cross_entropy_shard_backward(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                                  std::span<const RowPartial> merged, const CrossEntropyGrads& grads,
                                  const LossOptions& options, const Upstream& upstream, double divisor,
                                  const plan::CpuPlan& plan);

void merge_partials(std::span<const RowPartial> partials, std::span<RowPartial> merged, int threads);

/// The first valid row whose label is not in exactly one of the shards that were merged.
std::optional<std::size_t> incomplete_row(std::span<const RowPartial> merged, const TargetView& target,
                                          const LossOptions& options);

/// Σ label_weight over valid rows.
double sum_of_label_weights(std::span<const RowPartial> merged, const TargetView& target,
                            const LossOptions& options);

/// outputs.valid_count and divisor are left to the caller. A divisor of 0 is an empty mean.
void cross_entropy_from_partials(std::span<const RowPartial> merged, const TargetView& target,
                                 const CrossEntropyOutputs& outputs, const LossOptions& options,
                                 double divisor, const plan::CpuPlan& plan);

}  // namespace xent::cpu
