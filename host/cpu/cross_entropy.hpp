// Softmax cross-entropy on the CPU. Arguments are checked by the caller, labels counted, the work planned.
#pragma once

#include <cstdint>

#include <xent/cross_entropy.hpp>

#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

/// outputs.valid_count is left to the caller, who knows it already.
void cross_entropy(const ConstMatrixView& logits, const LabelView& labels, const CrossEntropyOutputs& outputs,
                   const LossOptions& options, const Upstream& upstream, std::int64_t valid_rows,
                   double divisor, const plan::CpuPlan& plan);

void cross_entropy_backward(const ConstMatrixView& logits, const LabelView& labels,
                            const ConstVectorView& lse, const MatrixView& grad, const LossOptions& options,
                            const Upstream& upstream, double divisor, const plan::CpuPlan& plan);

}  // namespace xent::cpu
