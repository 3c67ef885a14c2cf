// Binary cross-entropy on the CPU. Arguments are checked by the caller, the work is planned.
#pragma once

#include <xent/binary_cross_entropy.hpp>

#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

/// `divisor`: of the mean, 1 for none and sum.
void binary_cross_entropy(const ConstMatrixView& logits, const ConstMatrixView& targets,
                          const BinaryCrossEntropyOutputs& outputs, const BinaryCrossEntropyOptions& options,
                          const BinaryCrossEntropyUpstream& upstream, double divisor,
                          const plan::CpuPlan& plan);

}  // namespace xent::cpu
