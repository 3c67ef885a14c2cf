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
namespace api {
namespace {

void check_target_labels(const LossOptions& options, const TargetView& target) {
  if (options.ignore_index && target.kind != TargetKind::labels) {
    reject("options.ignore_index", "is given without labels", "absent: no row is ignored");
  }
  if (target.kind != TargetKind::none) return;
  const auto refuse = [](std::string_view argument) {
    reject(argument, "is given without a target", "off, or labels or a matrix as target");
  };
  if (options.label_smoothing != 0.0) refuse("options.label_smoothing");
  if (options.focal_gamma != 0.0) refuse("options.focal_gamma");
  if (options.class_weights.given()) refuse("options.class_weights");
}

}  // namespace

std::int64_t valid_classes(const LogitTransform& transform, const Layout& layout) {
  return transform.valid_classes == 0 ? layout.classes : transform.valid_classes;
}

void check_cross_entropy_inputs(const ConstMatrixView& logits, const TargetView& target,
                                const LossOptions& options, const Upstream& upstream) {
  check_input("logits", logits);
  const std::int64_t rows = logits.layout.rows();
  check(options, logits.layout.classes);
  check_target_labels(options, target);
  if (target.kind == TargetKind::labels) check_input("labels", target.labels, rows);
  if (target.kind == TargetKind::probs) {
    check_input("targets", target.probs);
    check_same_shape("targets", target.probs, "logits", logits);
    check_same_dtype("targets", target.probs.dtype, "logits", logits.dtype);
  }
  check(upstream, options, rows);
  if (upstream.log_prob.given() && target.kind == TargetKind::none) {
    reject("upstream.log_prob", "is given without a target", "absent, or labels or a matrix as target");
  }
}

std::vector<Footprint> cross_entropy_footprints(const TargetView& target, const LossOptions& options,
                                                const Upstream& upstream) {
  return {footprint("labels", target.labels),
          footprint("options.class_weights", options.class_weights),
          footprint("options.transform.bias", options.transform.bias),
          footprint("options.denominator_at", options.denominator_at),
          footprint("upstream.values", upstream.values),
          footprint("upstream.lse", upstream.lse),
          footprint("upstream.log_prob", upstream.log_prob),
          footprint("upstream.entropy", upstream.entropy)};
}

void check_grads(const CrossEntropyGrads& grads, const ConstMatrixView& logits, const TargetView& target,
                 std::vector<Footprint>& written, std::vector<Footprint>& inputs) {
  const auto check_one = [&](std::string_view argument, const MatrixView& grad, std::string_view input,
                             const ConstMatrixView& of) {
    if (grad.given()) {
      check_output(argument, grad);
      check_same_shape(argument, grad, input, of);
      check_same_dtype(argument, grad.dtype, input, of.dtype);
      written.push_back(footprint(argument, grad));
      if (same_view(of, grad)) return;  // in place: the gradient's own footprint stands for the input's
    }
    inputs.push_back(footprint(input, of));
  };
  check_one("grad", grads.grad, "logits", logits);
  if (grads.grad_targets.given() && target.kind != TargetKind::probs) {
    reject("grad_targets", "is given without soft targets", "absent, or a matrix as target");
  }
  if (target.kind == TargetKind::probs)
    check_one("grad_targets", grads.grad_targets, "targets", target.probs);
}

}  // namespace api

namespace {

void check_outputs(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream,
                   const Exec& exec) {
  const std::int64_t rows = logits.layout.rows();
  std::vector<api::Footprint> inputs = api::cross_entropy_footprints(target, options, upstream);
  std::vector<api::Footprint> written{api::workspace_footprint(exec)};
  bool any = false;
  const auto check_vector = [&](std::string_view argument, const VectorView& view, std::int64_t size) {
    if (!view.given()) return;
    any = true;
    api::check_output(argument, view, size);
    written.push_back(api::footprint(argument, view));
  };
  const auto check_index = [&](std::string_view argument, const IndexView& view) {
    if (!view.given()) return;
    any = true;
    api::check_output(argument, view, rows, logits.layout.classes);
    written.push_back(api::footprint(argument, view));
  };
  const auto check_number = [&](std::string_view argument, const auto* number) {
    if (number == nullptr) return;
    any = true;
    api::check_output(argument, number);
    written.push_back(api::footprint(argument, number));
  };
  check_vector("outputs.loss", outputs.loss, options.reduction == Reduction::none ? rows : 1);
  check_vector("outputs.row_loss", outputs.row_loss, rows);
  check_vector("outputs.lse", outputs.lse, rows);
  check_vector("outputs.log_prob", outputs.log_prob, rows);
  check_vector("outputs.entropy", outputs.entropy, rows);
  check_index("outputs.argmax", outputs.argmax);
  check_index("outputs.target_rank", outputs.target_rank);
  check_number("outputs.correct_count", outputs.correct_count);
  check_number("outputs.top_k_count", outputs.top_k_count);
  check_number("outputs.valid_count", outputs.valid_count);
  check_number("outputs.divisor", outputs.divisor);
  any = any || outputs.grad.given() || outputs.grad_targets.given();
  if (rows > 0 && !any) api::reject("outputs", "none is given", "at least one");
  const auto needs = [](bool given, bool met, std::string_view argument, std::string_view what) {
    if (given && !met) api::reject(argument, "is asked for without " + std::string(what), "absent, or with");
  };
  const bool labels = target.kind == TargetKind::labels;
  needs(outputs.log_prob.given(), target.kind != TargetKind::none, "outputs.log_prob", "a target");
  needs(outputs.target_rank.given(), labels, "outputs.target_rank", "labels");
  needs(outputs.correct_count != nullptr, labels, "outputs.correct_count", "labels");
  needs(outputs.top_k_count != nullptr, labels, "outputs.top_k_count", "labels");
  if (outputs.top_k < 1) api::reject("outputs.top_k", "is " + api::text(outputs.top_k), "1 or more");
  api::check_grads({outputs.grad, outputs.grad_targets}, logits, target, written, inputs);
  api::check_disjoint(written, inputs);
}

plan::CpuPlan plan_for(const ConstMatrixView& logits, const CrossEntropyGrads& grads, const Exec& exec) {
  return plan::plan_cpu({.layout = logits.layout,
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
  check_outputs(logits, target, outputs, options, upstream, exec);
  if (exec.device == Device::cuda) {
    return cuda::cross_entropy(logits, target, outputs, options, upstream, exec);
  }
  const std::int64_t classes = api::valid_classes(options.transform, logits.layout);
  const api::RowCounts counts = api::count_rows(target, logits.layout.rows(), classes, options, exec.threads);
  const double divisor = api::loss_divisor(options, counts);
  if (exec.device == Device::reference) {
    return reference::cross_entropy(logits, target, outputs, options, upstream);
  }
  cpu::cross_entropy(logits, target, outputs, options, upstream, divisor,
                     plan_for(logits, {outputs.grad, outputs.grad_targets}, exec));
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
                              plan_for(logits, grads, exec));
}

void entropy(const ConstMatrixView& logits, const VectorView& entropy, const MatrixView& grad,
             const LogitTransform& transform, const Upstream& upstream, const Exec& exec) {
  cross_entropy(logits, {}, {.entropy = entropy, .grad = grad},
                {.reduction = Reduction::none, .transform = transform}, upstream, exec);
}

}  // namespace xent
