#include <xent/shards.hpp>

#include "host/api/check.hpp"
#include "host/api/counts.hpp"
#include "host/api/cross_entropy.hpp"
#include "host/api/overlap.hpp"
#include "host/api/text.hpp"
#include "host/cpu/cross_entropy.hpp"
#include "host/cpu/partials.hpp"
#include "host/cuda/backend.hpp"
#include "host/plan/cpu_plan.hpp"
#include "host/reference/shards.hpp"

namespace xent {
namespace {

void check_span(std::string_view argument, std::span<const RowPartial> partials, std::size_t rows) {
  if (partials.size() != rows) {
    api::reject(argument, "size is " + api::text(partials.size()), api::text(rows) + ", one per row");
  }
  if (reinterpret_cast<std::uintptr_t>(partials.data()) % alignof(RowPartial) != 0) {
    api::reject(argument, "data is not aligned",
                "a multiple of " + api::text(alignof(RowPartial)) + " bytes");
  }
}

api::Footprint footprint(std::string_view argument, std::span<const RowPartial> partials) {
  const auto begin = reinterpret_cast<std::uintptr_t>(partials.data());
  return {argument, begin, begin + partials.size_bytes()};
}

void check_shard(const Shard& shard, const ConstMatrixView& logits) {
  if (shard.first_class < 0 || shard.classes < 1 ||
      shard.first_class > shard.classes - logits.layout.classes) {
    api::reject("shard",
                "holds classes " + api::text(shard.first_class) + " to " +
                    api::text(shard.first_class + logits.layout.classes - 1) + " of " +
                    api::text(shard.classes),
                "classes of the whole vocabulary, as many as the logits have");
  }
}

void check_options(const LossOptions& options, const TargetView& target) {
  if (options.focal_gamma == 0.0) return;
  if (options.label_smoothing != 0.0 || target.kind == TargetKind::probs) {
    api::reject("options.focal_gamma",
                "is " + api::text(options.focal_gamma) + " with several classes as target",
                "0, or labels without smoothing: probabilities are known only after the merge");
  }
}

void check_call(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                const LossOptions& options, const Upstream& upstream, const Exec& exec) {
  api::check(exec);
  api::check_cross_entropy_inputs(logits, target, options, upstream);
  check_shard(shard, logits);
  check_options(options, target);
}

/// On the host: every label within the whole vocabulary. Weights belong to shards, so rows count as one each.
api::RowCounts count_rows(const TargetView& target, std::int64_t rows, std::int64_t classes,
                          const LossOptions& options, int threads) {
  LossOptions unweighted = options;
  unweighted.class_weights = {};
  return api::count_rows(target, rows, classes, unweighted, threads);
}

/// What mean divides by, from rows that are complete.
api::RowCounts merged_counts(std::span<const RowPartial> merged, const TargetView& target,
                             const LossOptions& options, int threads) {
  api::RowCounts counts =
      count_rows(target, std::ssize(merged), std::numeric_limits<std::int64_t>::max(), options, threads);
  if (target.kind != TargetKind::labels) return counts;
  if (const std::optional<std::size_t> r = cpu::incomplete_row(merged, target, options)) {
    api::reject("merged",
                "row " + api::text(*r) + " has its label in " + api::text(merged[*r].labels) + " shards",
                "1: every shard merged, each once");
  }
  if (options.mean_over == MeanOver::weights) {
    counts.divisor = cpu::sum_of_label_weights(merged, target, options);
  }
  return counts;
}

void check_from_partials(std::span<const RowPartial> merged, const TargetView& target,
                         const CrossEntropyOutputs& outputs, const LossOptions& options, const Exec& exec) {
  const auto refuse = [](bool given, std::string_view argument, std::string_view instead) {
    if (given) api::reject(argument, "is given", "absent: " + std::string(instead));
  };
  refuse(outputs.grad.given(), "outputs.grad", "see cross_entropy_shard_backward");
  refuse(outputs.grad_targets.given(), "outputs.grad_targets", "see cross_entropy_shard_backward");
  refuse(outputs.target_rank.given(), "outputs.target_rank", "partials do not order classes");
  refuse(outputs.top_k_count != nullptr, "outputs.top_k_count", "partials do not order classes");
  if (outputs.argmax.given() && outputs.argmax.type == LabelType::u8) {
    api::reject("outputs.argmax", "type is u8",
                "i32 or i64: partials do not tell how many classes there are");
  }
  const std::int64_t rows = std::ssize(merged);
  const std::vector<api::Footprint> written =
      api::check_row_outputs(outputs, target, rows, std::numeric_limits<std::int32_t>::max(), options, exec);
  api::check_disjoint(written, {footprint("merged", merged), api::footprint("labels", target.labels),
                                api::footprint("options.denominator_at", options.denominator_at)});
}

}  // namespace

void cross_entropy_partials(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                            std::span<RowPartial> partials, const LossOptions& options, const Exec& exec) {
  check_call(logits, target, shard, options, {}, exec);
  const std::int64_t rows = logits.layout.rows();
  check_span("partials", partials, static_cast<std::size_t>(rows));
  std::vector<api::Footprint> inputs = api::cross_entropy_footprints(target, options, {});
  inputs.push_back(api::footprint("logits", logits));
  inputs.push_back(api::footprint("targets", target.probs));
  api::check_disjoint({footprint("partials", partials), api::workspace_footprint(exec)}, inputs);
  if (exec.device == Device::cuda) {
    return cuda::cross_entropy_partials(logits, target, shard, partials, options, exec);
  }
  count_rows(target, rows, shard.classes, options, exec.threads);
  if (exec.device == Device::reference) {
    return reference::cross_entropy_partials(logits, target, shard, partials, options);
  }
  cpu::cross_entropy_partials(logits, target, shard, partials, options,
                              plan::plan_cpu({.layout = logits.layout, .dtype = logits.dtype}, exec.threads));
}

void merge_partials(std::span<const RowPartial> partials, std::span<RowPartial> merged, const Exec& exec) {
  api::check(exec);
  check_span("merged", merged, merged.size());
  check_span("partials", partials, partials.size());
  if (merged.empty() ? !partials.empty() : partials.empty() || partials.size() % merged.size() != 0) {
    api::reject("partials", "size is " + api::text(partials.size()),
                "a multiple of merged's " + api::text(merged.size()));
  }
  if (merged.empty()) return;
  const std::span<const RowPartial> others =
      merged.data() == partials.data() ? partials.subspan(merged.size()) : partials;
  api::check_disjoint({footprint("merged", merged)}, {footprint("partials", others)});
  if (exec.device == Device::cuda) return cuda::merge_partials(partials, merged, exec);
  cpu::merge_partials(partials, merged, exec.threads);
}

void cross_entropy_from_partials(std::span<const RowPartial> merged, const TargetView& target,
                                 const CrossEntropyOutputs& outputs, const LossOptions& options,
                                 const Exec& exec) {
  api::check(exec);
  LossOptions of_rows = options;  // what is one per class belongs to shards that are not here
  of_rows.class_weights = {};
  of_rows.transform = {};
  api::check(of_rows, 1, DType::f64);  // partials are doubles
  api::check_target(options, target);
  check_options(options, target);
  if (target.kind == TargetKind::labels) api::check_input("labels", target.labels, std::ssize(merged));
  check_span("merged", merged, merged.size());
  check_from_partials(merged, target, outputs, options, exec);
  if (exec.device == Device::cuda) {
    return cuda::cross_entropy_from_partials(merged, target, outputs, options, exec);
  }
  const api::RowCounts counts = merged_counts(merged, target, options, exec.threads);
  cpu::cross_entropy_from_partials(
      merged, target, outputs, options, api::loss_divisor(options, counts),
      plan::plan_cpu({.layout = row_major(std::ssize(merged), 1)}, exec.threads));
  if (outputs.valid_count != nullptr) *outputs.valid_count = counts.valid;
  if (outputs.divisor != nullptr) *outputs.divisor = counts.divisor;
}

void cross_entropy_shard_backward(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                                  std::span<const RowPartial> merged, const CrossEntropyGrads& grads,
                                  const LossOptions& options, const Upstream& upstream, const Exec& exec) {
  check_call(logits, target, shard, options, upstream, exec);
  const std::int64_t rows = logits.layout.rows();
  check_span("merged", merged, static_cast<std::size_t>(rows));
  if (!grads.grad.given() && !grads.grad_targets.given()) api::reject("grad", "is not given", "a matrix");
  std::vector<api::Footprint> inputs = api::cross_entropy_footprints(target, options, upstream);
  std::vector<api::Footprint> written{api::workspace_footprint(exec)};
  inputs.push_back(footprint("merged", merged));
  api::check_grads(grads, logits, target, written, inputs);
  api::check_disjoint(written, inputs);
  if (exec.device == Device::cuda) {
    return cuda::cross_entropy_shard_backward(logits, target, shard, merged, grads, options, upstream, exec);
  }
  count_rows(target, rows, shard.classes, options, exec.threads);
  const double divisor = api::loss_divisor(options, merged_counts(merged, target, options, exec.threads));
  if (exec.device == Device::reference) {
    return reference::cross_entropy_shard_backward(logits, target, shard, merged, grads, options, upstream,
                                                   divisor);
  }
  cpu::cross_entropy_shard_backward(logits, target, shard, merged, grads, options, upstream, divisor,
                                    plan::plan_cpu({.layout = logits.layout,
                                                    .dtype = logits.dtype,
                                                    .writes_matrix = grads.grad.given(),
                                                    .in_place = logits.data == grads.grad.data},
                                                   exec.threads));
}

}  // namespace xent
