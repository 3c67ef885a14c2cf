// Softmax cross-entropy on the CPU. Arguments are checked by the caller, labels counted, the work planned.
#pragma once

#include <cstdint>

#include <xent/cross_entropy.hpp>

#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

/// A divisor of 0 is an empty mean. outputs.valid_count and divisor are left to the caller, who knows them.
void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream,
                   double divisor, const plan::CpuPlan& plan);

void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options, const Upstream& upstream, double divisor,
                            const plan::CpuPlan& plan);

}  // namespace xent::cpu
