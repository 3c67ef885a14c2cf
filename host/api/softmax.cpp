#include <xent/softmax.hpp>

#include "host/api/check.hpp"
#include "host/api/overlap.hpp"
#include "host/cpu/softmax.hpp"
#include "host/cuda/backend.hpp"
#include "host/plan/cpu_plan.hpp"
#include "host/reference/softmax.hpp"

namespace xent {
namespace {

void check_forward(const ConstMatrixView& logits, const char* output_name, const MatrixView& output,
                   const Exec& exec) {
  api::check(exec);
  api::check_input("logits", logits);
  api::check_output(output_name, output);
  api::check_same_shape(output_name, output, "logits", logits);
  api::check_same_dtype(output_name, output.dtype, "logits", logits.dtype);
  if (!api::same_view(logits, output)) {
    api::check_disjoint({api::footprint(output_name, output)}, {api::footprint("logits", logits)});
  }
}

void check_backward(const char* saved_name, const ConstMatrixView& saved, const char* upstream_name,
                    const ConstMatrixView& upstream, const MatrixView& grad, const Exec& exec) {
  api::check(exec);
  api::check_input(saved_name, saved);
  api::check_input(upstream_name, upstream);
  api::check_output("grad_logits", grad);
  std::vector<api::Footprint> inputs;
  for (const auto& [name, view] : {std::pair{saved_name, saved}, std::pair{upstream_name, upstream}}) {
    api::check_same_shape("grad_logits", grad, name, view);
    api::check_same_dtype("grad_logits", grad.dtype, name, view.dtype);
    if (!api::same_view(view, grad)) inputs.push_back(api::footprint(name, view));
  }
  api::check_disjoint({api::footprint("grad_logits", grad)}, inputs);
}

plan::CpuPlan plan_for(plan::CpuOp op, const MatrixView& output, bool in_place, const Exec& exec) {
  return plan::plan_cpu({.op = op,
                         .layout = output.layout,
                         .dtype = output.dtype,
                         .matrices_read = op == plan::CpuOp::softmax ? 1 : 2,
                         .writes_matrix = true,
                         .in_place = in_place},
                        exec.threads);
}

}  // namespace

void softmax(const ConstMatrixView& logits, const MatrixView& probs, const Exec& exec) {
  check_forward(logits, "probs", probs, exec);
  if (exec.device == Device::reference) return reference::softmax(logits, probs);
  if (exec.device == Device::cuda) return cuda::softmax(logits, probs, false, exec);
  cpu::softmax(logits, probs, plan_for(plan::CpuOp::softmax, probs, logits.data == probs.data, exec));
}

void log_softmax(const ConstMatrixView& logits, const MatrixView& log_probs, const Exec& exec) {
  check_forward(logits, "log_probs", log_probs, exec);
  if (exec.device == Device::reference) return reference::log_softmax(logits, log_probs);
  if (exec.device == Device::cuda) return cuda::softmax(logits, log_probs, true, exec);
  cpu::log_softmax(logits, log_probs,
                   plan_for(plan::CpuOp::softmax, log_probs, logits.data == log_probs.data, exec));
}

void softmax_backward(const ConstMatrixView& probs, const ConstMatrixView& grad_probs,
                      const MatrixView& grad_logits, const Exec& exec) {
  check_backward("probs", probs, "grad_probs", grad_probs, grad_logits, exec);
  if (exec.device == Device::reference) return reference::softmax_backward(probs, grad_probs, grad_logits);
  if (exec.device == Device::cuda) return cuda::softmax_backward(probs, grad_probs, grad_logits, false, exec);
  const bool in_place = grad_logits.data == probs.data || grad_logits.data == grad_probs.data;
  cpu::softmax_backward(probs, grad_probs, grad_logits,
                        plan_for(plan::CpuOp::softmax_backward, grad_logits, in_place, exec));
}

void log_softmax_backward(const ConstMatrixView& log_probs, const ConstMatrixView& grad_log_probs,
                          const MatrixView& grad_logits, const Exec& exec) {
  check_backward("log_probs", log_probs, "grad_log_probs", grad_log_probs, grad_logits, exec);
  if (exec.device == Device::reference) {
    return reference::log_softmax_backward(log_probs, grad_log_probs, grad_logits);
  }
  if (exec.device == Device::cuda) {
    return cuda::softmax_backward(log_probs, grad_log_probs, grad_logits, true, exec);
  }
  const bool in_place = grad_logits.data == log_probs.data || grad_logits.data == grad_log_probs.data;
  cpu::log_softmax_backward(log_probs, grad_log_probs, grad_logits,
                            plan_for(plan::CpuOp::softmax_backward, grad_logits, in_place, exec));
}

}  // namespace xent
