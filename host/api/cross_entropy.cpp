#include <xent/cross_entropy.hpp>

#include "host/api/check.hpp"
#include "host/api/overlap.hpp"
#include "host/cpu/cross_entropy.hpp"
#include "host/cuda/backend.hpp"
#include "host/plan/cpu_plan.hpp"
#include "host/reference/cross_entropy.hpp"

namespace xent {
namespace {

void check_grad(const MatrixView& grad, const ConstMatrixView& logits) {
  api::check_output("grad", grad);
  api::check_same_shape("grad", grad, "logits", logits);
  api::check_same_dtype("grad", grad.dtype, "logits", logits.dtype);
}

void check_outputs(const ConstMatrixView& logits, const LabelView& labels, const CrossEntropyOutputs& outputs,
                   const LossOptions& options, const Upstream& upstream, const Exec& exec) {
  const std::int64_t rows = logits.layout.rows();
  if (rows > 0 && !outputs.loss.given() && !outputs.lse.given() && !outputs.argmax.given() &&
      !outputs.grad.given() && outputs.correct_count == nullptr && outputs.valid_count == nullptr) {
    api::reject("outputs", "none is given", "at least one");
  }
  std::vector<api::Footprint> inputs{api::footprint("labels", labels),
                                     api::footprint("upstream.values", upstream.values)};
  std::vector<api::Footprint> written{api::footprint("outputs.correct_count", outputs.correct_count),
                                      api::footprint("outputs.valid_count", outputs.valid_count),
                                      api::workspace_footprint(exec)};
  api::check_output("outputs.correct_count", outputs.correct_count);
  api::check_output("outputs.valid_count", outputs.valid_count);
  if (outputs.loss.given()) {
    api::check_output("outputs.loss", outputs.loss, options.reduction == Reduction::none ? rows : 1);
    written.push_back(api::footprint("outputs.loss", outputs.loss));
  }
  if (outputs.lse.given()) {
    api::check_output("outputs.lse", outputs.lse, rows);
    written.push_back(api::footprint("outputs.lse", outputs.lse));
  }
  if (outputs.argmax.given()) {
    api::check_output("outputs.argmax", outputs.argmax, rows, logits.layout.classes);
    written.push_back(api::footprint("outputs.argmax", outputs.argmax));
  }
  if (outputs.grad.given()) {
    check_grad(outputs.grad, logits);
    written.push_back(api::footprint("grad", outputs.grad));
  }
  // In place, the gradient's own footprint stands for the logits'.
  const bool in_place = outputs.grad.given() && api::same_view(logits, outputs.grad);
  if (!in_place) inputs.push_back(api::footprint("logits", logits));
  api::check_disjoint(written, inputs);
}

}  // namespace

void cross_entropy(const ConstMatrixView& logits, const LabelView& labels, const CrossEntropyOutputs& outputs,
                   const LossOptions& options, const Upstream& upstream, const Exec& exec) {
  api::check(exec);
  api::check(options);
  api::check_input("logits", logits);
  const std::int64_t rows = logits.layout.rows();
  api::check_input("labels", labels, rows);
  api::check(upstream, options, rows);
  check_outputs(logits, labels, outputs, options, upstream, exec);
  if (exec.device == Device::cuda) {
    return cuda::cross_entropy(logits, labels, outputs, options, upstream, exec);
  }
  const std::int64_t valid = api::count_valid_labels(labels, logits.layout.classes, options, exec.threads);

  if (exec.device == Device::reference) {
    return reference::cross_entropy(logits, labels, outputs, options, upstream);
  }
  const plan::CpuPlan plan = plan::plan_cpu({.layout = logits.layout,
                                             .dtype = logits.dtype,
                                             .writes_matrix = outputs.grad.given(),
                                             .in_place = logits.data == outputs.grad.data},
                                            exec.threads);
  cpu::cross_entropy(logits, labels, outputs, options, upstream, valid, api::loss_divisor(options, valid),
                     plan);
  if (outputs.valid_count != nullptr) *outputs.valid_count = valid;
}

void cross_entropy_backward(const ConstMatrixView& logits, const LabelView& labels,
                            const ConstVectorView& lse, const MatrixView& grad, const LossOptions& options,
                            const Upstream& upstream, const Exec& exec) {
  api::check(exec);
  api::check(options);
  api::check_input("logits", logits);
  const std::int64_t rows = logits.layout.rows();
  api::check_input("labels", labels, rows);
  api::check_input("lse", lse, rows);
  api::check(upstream, options, rows);
  check_grad(grad, logits);
  std::vector<api::Footprint> inputs{api::footprint("labels", labels), api::footprint("lse", lse),
                                     api::footprint("upstream.values", upstream.values)};
  if (!api::same_view(logits, grad)) inputs.push_back(api::footprint("logits", logits));
  api::check_disjoint({api::footprint("grad", grad), api::workspace_footprint(exec)}, inputs);
  if (exec.device == Device::cuda) {
    return cuda::cross_entropy_backward(logits, labels, lse, grad, options, upstream, exec);
  }
  const std::int64_t valid = api::count_valid_labels(labels, logits.layout.classes, options, exec.threads);

  if (exec.device == Device::reference) {
    return reference::cross_entropy_backward(logits, labels, lse, grad, options, upstream);
  }
  const plan::CpuPlan plan = plan::plan_cpu({.layout = logits.layout,
                                             .dtype = logits.dtype,
                                             .writes_matrix = true,
                                             .in_place = logits.data == grad.data},
                                            exec.threads);
  cpu::cross_entropy_backward(logits, labels, lse, grad, options, upstream, api::loss_divisor(options, valid),
                              plan);
}

}  // namespace xent
