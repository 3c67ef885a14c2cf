#include <xent/binary_cross_entropy.hpp>

#include <cmath>
#include <string>

#include "host/api/check.hpp"
#include "host/api/mean.hpp"
#include "host/api/overlap.hpp"
#include "host/cpu/binary_cross_entropy.hpp"
#include "host/cuda/backend.hpp"
#include "host/plan/cpu_plan.hpp"
#include "host/reference/binary_cross_entropy.hpp"

namespace xent {
namespace {

void check_like_logits(const char* name, const ConstMatrixView& view, const ConstMatrixView& logits) {
  api::check_same_shape(name, view, "logits", logits);
  api::check_same_dtype(name, view.dtype, "logits", logits.dtype);
}

void check_per_class(const char* name, const ConstVectorView& view, std::int64_t classes) {
  if (view.given()) api::check_input(name, view, classes);
}

bool given(const ConstMatrixView& view) { return view.data != nullptr || view.layout != Layout{}; }

void check(const BinaryCrossEntropyUpstream& upstream, const ConstMatrixView& logits, Reduction reduction) {
  if (!std::isfinite(upstream.scale)) {
    api::reject("upstream.scale", "is " + std::to_string(upstream.scale), "a finite number");
  }
  if (upstream.value.given()) api::check_input("upstream.value", upstream.value, 1);
  if (!given(upstream.values)) return;
  if (reduction != Reduction::none) {
    api::reject("upstream.values", "is given with a reduction", "absent: the reduced loss is one number");
  }
  api::check_input("upstream.values", upstream.values);
  check_like_logits("upstream.values", upstream.values, logits);
}

/// Where a matrix is written in place, its own footprint stands for the input's.
void check_outputs(const ConstMatrixView& logits, const ConstMatrixView& targets,
                   const BinaryCrossEntropyOutputs& outputs, const BinaryCrossEntropyOptions& options,
                   const BinaryCrossEntropyUpstream& upstream, const Exec& exec) {
  const bool per_element = options.reduction == Reduction::none;
  if (logits.layout.rows() > 0 && !outputs.losses.given() && !outputs.loss.given() && !outputs.grad.given() &&
      !outputs.grad_targets.given()) {
    api::reject("outputs", "none is given", "at least one");
  }
  std::vector<api::Footprint> inputs{api::footprint("options.class_weights", options.class_weights),
                                     api::footprint("options.pos_weight", options.pos_weight),
                                     api::footprint("options.denominator_at", options.denominator_at),
                                     api::footprint("upstream.value", upstream.value),
                                     api::footprint("upstream.values", upstream.values)};
  std::vector<api::Footprint> written{api::workspace_footprint(exec)};
  if (outputs.loss.given()) {
    if (per_element) api::reject("outputs.loss", "is given with Reduction::none", "outputs.losses");
    api::check_output("outputs.loss", outputs.loss, 1);
    written.push_back(api::footprint("outputs.loss", outputs.loss));
  }
  if (outputs.losses.given() && !per_element) {
    api::reject("outputs.losses", "is given with a reduction", "outputs.loss");
  }
  const auto check_matrix = [&](const char* name, const MatrixView& view) {
    if (!view.given()) return;
    api::check_output(name, view);
    check_like_logits(name, view, logits);
    written.push_back(api::footprint(name, view));
  };
  check_matrix("outputs.losses", outputs.losses);
  check_matrix("outputs.grad", outputs.grad);
  check_matrix("outputs.grad_targets", outputs.grad_targets);
  const bool losses_alone = !outputs.grad.given() && !outputs.grad_targets.given();
  const bool replaces_logits = (outputs.grad.given() && api::same_view(logits, outputs.grad)) ||
                               (losses_alone && api::same_view(logits, outputs.losses));
  if (!replaces_logits) inputs.push_back(api::footprint("logits", logits));
  if (!(outputs.grad_targets.given() && api::same_view(targets, outputs.grad_targets))) {
    inputs.push_back(api::footprint("targets", targets));
  }
  api::check_disjoint(written, inputs);
}

plan::CpuPlan plan_for(const ConstMatrixView& logits, const ConstMatrixView& targets,
                       const BinaryCrossEntropyOutputs& outputs, const Exec& exec) {
  const auto in_place = [&](const MatrixView& view) {
    return view.given() && (view.data == logits.data || view.data == targets.data);
  };
  return plan::plan_cpu(
      {.layout = logits.layout,
       .dtype = logits.dtype,
       .matrices_read = 2,
       .writes_matrix = outputs.losses.given() || outputs.grad.given() || outputs.grad_targets.given(),
       .in_place = in_place(outputs.losses) || in_place(outputs.grad) || in_place(outputs.grad_targets)},
      exec.threads);
}

}  // namespace

void binary_cross_entropy(const ConstMatrixView& logits, const ConstMatrixView& targets,
                          const BinaryCrossEntropyOutputs& outputs, const BinaryCrossEntropyOptions& options,
                          const BinaryCrossEntropyUpstream& upstream, const Exec& exec) {
  api::check(exec);
  api::check(api::mean_options(options));
  api::check_input("logits", logits);
  api::check_input("targets", targets);
  check_like_logits("targets", targets, logits);
  const std::int64_t classes = logits.layout.classes;
  check_per_class("options.class_weights", options.class_weights, classes);
  check_per_class("options.pos_weight", options.pos_weight, classes);
  check(upstream, logits, options.reduction);
  check_outputs(logits, targets, outputs, options, upstream, exec);
  if (exec.device == Device::cuda) {
    return cuda::binary_cross_entropy(logits, targets, outputs, options, upstream, exec);
  }
  const double divisor = api::mean_divisor(api::mean_options(options), logits.layout.rows() * classes);
  if (exec.device == Device::reference) {
    return reference::binary_cross_entropy(logits, targets, outputs, options, upstream, divisor);
  }
  cpu::binary_cross_entropy(logits, targets, outputs, options, upstream, divisor,
                            plan_for(logits, targets, outputs, exec));
}

}  // namespace xent
