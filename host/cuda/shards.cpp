// A part of the vocabulary: the general kernel, which leaves a row's sums or takes them from elsewhere.
#include "host/cuda/backend.hpp"
#include "host/cuda/cross_entropy_kernel.hpp"
#include "host/cuda/launch.hpp"
#include "host/cuda/loss_call.hpp"

namespace xent::cuda {
namespace {

gpu::GeneralCrossEntropyArguments shard_arguments(const LossCall& call, const ConstMatrixView& logits,
                                                  const TargetView& target, const Shard& shard,
                                                  const LossOptions& options, const Upstream& upstream) {
  gpu::CrossEntropyArguments base = call.arguments(upstream);
  base.logits = logits;
  gpu::GeneralCrossEntropyArguments arguments = general_arguments(base, target, options, upstream);
  arguments.plain = false;
  arguments.wants_gap = true;  // somebody may ask for the entropy later
  arguments.first_class = shard.first_class;
  arguments.label_classes = shard.classes;
  return arguments;
}

unsigned row_grid(std::int64_t rows) {
  return plan::flat_grid(rows, gpu::kReductionBlock, device_properties());
}

}  // namespace

void cross_entropy_partials(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                            std::span<RowPartial> partials, const LossOptions& options, const Exec& exec) {
  const LossCall call(target.labels, logits.layout.rows(), shard.classes, options, exec);
  gpu::GeneralCrossEntropyArguments arguments = shard_arguments(call, logits, target, shard, options, {});
  arguments.partials = partials.data();
  launch_general(gpu::Op::cross_entropy_shard, arguments, exec);
}

void merge_partials(std::span<const RowPartial> partials, std::span<RowPartial> merged, const Exec& exec) {
  const std::int64_t rows = std::ssize(merged);
  gpu::launch_merge_partials({.grid = row_grid(rows), .stream = exec.stream},
                             {.partials = partials.data(),
                              .merged = merged.data(),
                              .shards = std::ssize(partials) / rows,
                              .rows = rows});
}

void cross_entropy_from_partials(std::span<const RowPartial> merged, const TargetView& target,
                                 const CrossEntropyOutputs& outputs, const LossOptions& options,
                                 const Exec& exec) {
  const std::int64_t rows = std::ssize(merged);
  LossCall call(target.labels, rows, 0, options, exec);
  call.take_weights_of(merged.data());
  call.count(outputs.valid_count, outputs.divisor, outputs.loss.given());
  if (outputs.correct_count != nullptr) {
    fill_zero(outputs.correct_count, sizeof *outputs.correct_count, exec.stream);
  }
  if (rows > 0) {
    gpu::launch_rows_from_partials({.grid = row_grid(rows), .stream = exec.stream},
                                   {.merged = merged.data(),
                                    .rows = rows,
                                    .labels = target.labels,
                                    .has_labels = target.kind == TargetKind::labels,
                                    .has_ignore_index = options.ignore_index.has_value(),
                                    .ignore_index = options.ignore_index.value_or(0),
                                    .options = {.smoothing = options.label_smoothing,
                                                .focal_gamma = options.focal_gamma,
                                                .z_loss = options.z_loss},
                                    .row_loss = call.row_loss(outputs.loss),
                                    .row_loss_too = outputs.row_loss,
                                    .lse = outputs.lse,
                                    .log_prob = outputs.log_prob,
                                    .entropy = outputs.entropy,
                                    .argmax = outputs.argmax,
                                    .correct_count = outputs.correct_count});
  }
  call.reduce(outputs.loss);
}

void cross_entropy_shard_backward(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                                  std::span<const RowPartial> merged, const CrossEntropyGrads& grads,
                                  const LossOptions& options, const Upstream& upstream, const Exec& exec) {
  LossCall call(target.labels, logits.layout.rows(), shard.classes, options, exec);
  call.take_weights_of(merged.data());
  call.count(nullptr, nullptr, true);
  gpu::GeneralCrossEntropyArguments arguments =
      shard_arguments(call, logits, target, shard, options, upstream);
  arguments.merged = merged.data();
  arguments.grad = grads.grad;
  arguments.grad_targets = grads.grad_targets;
  launch_general(gpu::Op::cross_entropy_shard, arguments, exec);
}

}  // namespace xent::cuda
