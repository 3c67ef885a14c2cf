#include <xent/cross_entropy.hpp>

#include "host/api/check.hpp"
#include "host/api/counts.hpp"
#include "host/api/cross_entropy.hpp"
#include "host/api/overlap.hpp"
#include "host/api/text.hpp"
#include "host/cpu/cross_entropy.hpp"
#include "host/cuda/backend.hpp"
#include "host/plan/cpu_plan.hpp"
#include "host/reference/cross_entropy.hpp"

namespace xent {
namespace {

plan::CpuPlan plan_for(plan::CpuOp op, const ConstMatrixView& logits, const CrossEntropyGrads& grads,
                       const Exec& exec) {
  return plan::plan_cpu({.op = op,
                         .layout = logits.layout,
                         .dtype = logits.dtype,
                         .writes_matrix = grads.grad.given(),
                         .in_place = logits.data == grads.grad.data},
                        exec.threads);
}

}  // namespace

void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream,
                   const Exec& exec) {
  api::check(exec);
  api::check_cross_entropy_inputs(logits, target, options, upstream);
  const std::int64_t classes = api::valid_classes(options.transform, logits.layout);
  std::vector<api::Footprint> written =
      api::check_row_outputs(outputs, target, logits.layout.rows(), classes, options, exec);
  std::vector<api::Footprint> inputs = api::cross_entropy_footprints(target, options, upstream);
  api::check_grads({outputs.grad, outputs.grad_targets}, logits, target, written, inputs);
  api::check_disjoint(written, inputs);
  if (exec.device == Device::cuda) {
    return cuda::cross_entropy(logits, target, outputs, options, upstream, exec);
  }
  const api::RowCounts counts = api::count_rows(target, logits.layout.rows(), classes, options, exec.threads);
  const double divisor = api::loss_divisor(options, counts);
  if (exec.device == Device::reference) {
    return reference::cross_entropy(logits, target, outputs, options, upstream);
  }
  const plan::CpuOp op = target.kind == TargetKind::probs ? plan::CpuOp::soft_loss : plan::CpuOp::loss;
  cpu::cross_entropy(logits, target, outputs, options, upstream, divisor,
                     plan_for(op, logits, {outputs.grad, outputs.grad_targets}, exec));
  if (outputs.valid_count != nullptr) *outputs.valid_count = counts.valid;
  if (outputs.divisor != nullptr) *outputs.divisor = counts.divisor;
}

void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options, const Upstream& upstream, const Exec& exec) {
  api::check(exec);
  api::check_cross_entropy_inputs(logits, target, options, upstream);
  api::check_input("lse", lse, logits.layout.rows());
  if (!grads.grad.given() && !grads.grad_targets.given()) api::reject("grad", "is not given", "a matrix");
  std::vector<api::Footprint> inputs = api::cross_entropy_footprints(target, options, upstream);
  std::vector<api::Footprint> written{api::workspace_footprint(exec)};
  inputs.push_back(api::footprint("lse", lse));
  api::check_grads(grads, logits, target, written, inputs);
  api::check_disjoint(written, inputs);
  if (exec.device == Device::cuda) {
    return cuda::cross_entropy_backward(logits, target, lse, grads, options, upstream, exec);
  }
  const std::int64_t classes = api::valid_classes(options.transform, logits.layout);
  const api::RowCounts counts = api::count_rows(target, logits.layout.rows(), classes, options, exec.threads);
  const double divisor = api::loss_divisor(options, counts);
  if (exec.device == Device::reference) {
    return reference::cross_entropy_backward(logits, target, lse, grads, options, upstream);
  }
  cpu::cross_entropy_backward(logits, target, lse, grads, options, upstream, divisor,
                              plan_for(plan::CpuOp::loss_backward, logits, grads, exec));
}

void entropy(const ConstMatrixView& logits, const VectorView& entropy, const MatrixView& grad,
             const LogitTransform& transform, const Upstream& upstream, const Exec& exec) {
  if (upstream.values.given()) {
    api::reject("upstream.values", "is given", "absent: an entropy has no loss, see upstream.entropy");
  }
  cross_entropy(logits, {}, {.entropy = entropy, .grad = grad},
                {.reduction = Reduction::none, .transform = transform}, upstream, exec);
}

}  // namespace xent
