// Softmax and log-softmax on the CPU. Arguments are checked by the caller, the work is planned.
#pragma once

#include <xent/view.hpp>

#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

void softmax(const ConstMatrixView& logits, const MatrixView& probs, const plan::CpuPlan& plan);
void log_softmax(const ConstMatrixView& logits, const MatrixView& log_probs, const plan::CpuPlan& plan);
void softmax_backward(const ConstMatrixView& probs, const ConstMatrixView& grad_probs,
                      const MatrixView& grad_logits, const plan::CpuPlan& plan);
void log_softmax_backward(const ConstMatrixView& log_probs, const ConstMatrixView& grad_log_probs,
                          const MatrixView& grad_logits, const plan::CpuPlan& plan);

}  // namespace xent::cpu
