#include <xent/nll.hpp>

#include "host/api/check.hpp"
#include "host/api/counts.hpp"
#include "host/api/overlap.hpp"
#include "host/cpu/nll.hpp"
#include "host/cuda/backend.hpp"
#include "host/plan/cpu_plan.hpp"
#include "host/reference/nll.hpp"

namespace xent {
namespace {

void check_nll_options(const LossOptions& options, const ConstMatrixView& log_probs) {
  api::check(options, log_probs.layout.classes, log_probs.dtype);
  api::check_no_softmax_options(options);
}

}  // namespace

void nll(const ConstMatrixView& log_probs, const LabelView& labels, const NllOutputs& outputs,
         const LossOptions& options, const Exec& exec) {
  api::check(exec);
  api::check_input("log_probs", log_probs);
  check_nll_options(options, log_probs);
  const std::int64_t rows = log_probs.layout.rows();
  api::check_input("labels", labels, rows);
  api::check_output("outputs.loss", outputs.loss, options.reduction == Reduction::none ? rows : 1);
  api::check_output("outputs.valid_count", outputs.valid_count);
  api::check_disjoint(
      {api::footprint("outputs.loss", outputs.loss),
       api::footprint("outputs.valid_count", outputs.valid_count), api::workspace_footprint(exec)},
      {api::footprint("log_probs", log_probs), api::footprint("labels", labels),
       api::footprint("options.class_weights", options.class_weights),
       api::footprint("options.denominator_at", options.denominator_at)});
  if (exec.device == Device::cuda) return cuda::nll(log_probs, labels, outputs, options, exec);
  const api::RowCounts counts =
      api::count_rows(labels, rows, log_probs.layout.classes, options, exec.threads);
  const double divisor = api::loss_divisor(options, counts);
  if (exec.device == Device::reference) return reference::nll(log_probs, labels, outputs, options);
  const plan::CpuPlan plan =
      plan::plan_cpu({.layout = log_probs.layout, .dtype = log_probs.dtype}, exec.threads);
  cpu::nll(log_probs, labels, outputs.loss, options, divisor, plan);
  if (outputs.valid_count != nullptr) *outputs.valid_count = counts.valid;
}

void nll_backward(const LabelView& labels, const MatrixView& grad_log_probs, const LossOptions& options,
                  const Upstream& upstream, const Exec& exec) {
  api::check(exec);
  api::check_output("grad_log_probs", grad_log_probs);
  check_nll_options(options, grad_log_probs);
  const std::int64_t rows = grad_log_probs.layout.rows();
  api::check_input("labels", labels, rows);
  api::check(upstream, options, rows);
  if (upstream.lse.given() || upstream.log_prob.given() || upstream.entropy.given()) {
    api::reject("upstream", "has a gradient for lse, log_prob or entropy",
                "values alone: nll has one output");
  }
  api::check_disjoint({api::footprint("grad_log_probs", grad_log_probs), api::workspace_footprint(exec)},
                      {api::footprint("labels", labels), api::footprint("upstream.values", upstream.values),
                       api::footprint("options.class_weights", options.class_weights),
                       api::footprint("options.denominator_at", options.denominator_at)});
  if (exec.device == Device::cuda) return cuda::nll_backward(labels, grad_log_probs, options, upstream, exec);
  const api::RowCounts counts =
      api::count_rows(labels, rows, grad_log_probs.layout.classes, options, exec.threads);
  const double divisor = api::loss_divisor(options, counts);
  if (exec.device == Device::reference) {
    return reference::nll_backward(labels, grad_log_probs, options, upstream);
  }
  const plan::CpuPlan plan = plan::plan_cpu(
      {.layout = grad_log_probs.layout, .dtype = grad_log_probs.dtype, .writes_matrix = true}, exec.threads);
  cpu::nll_backward(labels, grad_log_probs, options, upstream, divisor, plan);
}

}  // namespace xent
