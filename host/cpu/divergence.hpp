// Divergences on the CPU. Arguments are checked by the caller, the work is planned.
#pragma once

#include <xent/divergence.hpp>

#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

/// `divisor`: of the mean, 1 for none and sum.
void kl_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, double divisor, const plan::CpuPlan& plan);
void js_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, double divisor, const plan::CpuPlan& plan);

}  // namespace xent::cpu
