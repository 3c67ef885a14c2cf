// Negative log-likelihood on the CPU. Arguments are checked by the caller, labels counted, the work planned.
#pragma once

#include <cstdint>

#include <xent/nll.hpp>

#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

void nll(const ConstMatrixView& log_probs, const LabelView& labels, const VectorView& loss,
         const LossOptions& options, double divisor, const plan::CpuPlan& plan);
void nll_backward(const LabelView& labels, const MatrixView& grad_log_probs, const LossOptions& options,
                  const Upstream& upstream, double divisor, const plan::CpuPlan& plan);

}  // namespace xent::cpu
