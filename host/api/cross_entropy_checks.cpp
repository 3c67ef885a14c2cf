// The preconditions that all functions of the cross-entropy family share.
#include "host/api/check.hpp"
#include "host/api/cross_entropy.hpp"
#include "host/api/text.hpp"

namespace xent::api {

void check_target(const LossOptions& options, const TargetView& target) {
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

std::int64_t valid_classes(const LogitTransform& transform, const Layout& layout) {
  return transform.valid_classes == 0 ? layout.classes : transform.valid_classes;
}

void check_cross_entropy_inputs(const ConstMatrixView& logits, const TargetView& target,
                                const LossOptions& options, const Upstream& upstream) {
  check_input("logits", logits);
  const std::int64_t rows = logits.layout.rows();
  check(options, logits.layout.classes, logits.dtype);
  check_target(options, target);
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

std::vector<Footprint> check_row_outputs(const CrossEntropyOutputs& outputs, const TargetView& target,
                                         std::int64_t rows, std::int64_t classes, const LossOptions& options,
                                         const Exec& exec) {
  std::vector<Footprint> written{workspace_footprint(exec)};
  bool any = false;
  const auto check_vector = [&](std::string_view argument, const VectorView& view, std::int64_t size) {
    if (!view.given()) return;
    any = true;
    check_output(argument, view, size);
    written.push_back(footprint(argument, view));
  };
  const auto check_index = [&](std::string_view argument, const IndexView& view) {
    if (!view.given()) return;
    any = true;
    check_output(argument, view, rows, classes);
    written.push_back(footprint(argument, view));
  };
  const auto check_number = [&](std::string_view argument, const auto* number) {
    if (number == nullptr) return;
    any = true;
    check_output(argument, number);
    written.push_back(footprint(argument, number));
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
  if (rows > 0 && !any) reject("outputs", "none is given", "at least one");
  const auto needs = [](bool given, bool met, std::string_view argument, std::string_view what) {
    if (given && !met) reject(argument, "is asked for without " + std::string(what), "absent, or with");
  };
  const bool labels = target.kind == TargetKind::labels;
  needs(outputs.log_prob.given(), target.kind != TargetKind::none, "outputs.log_prob", "a target");
  needs(outputs.target_rank.given(), labels, "outputs.target_rank", "labels");
  needs(outputs.correct_count != nullptr, labels, "outputs.correct_count", "labels");
  needs(outputs.top_k_count != nullptr, labels, "outputs.top_k_count", "labels");
  if (outputs.top_k < 1) reject("outputs.top_k", "is " + text(outputs.top_k), "1 or more");
  return written;
}

}  // namespace xent::api
