#include "host/cuda/loss_call.hpp"

#include "host/cuda/launch.hpp"
#include "host/cuda/reduced_loss.hpp"

namespace xent::cuda {

LossCall::LossCall(const LabelView& labels, std::int64_t rows, std::int64_t classes,
                   const LossOptions& options, const Exec& exec)
    : labels_(labels),
      rows_(rows),
      classes_(classes),
      options_(options),
      exec_(exec),
      workspace_(exec, rows) {}

/// Neither of the caller's denominators is given.
bool LossCall::takes_own_mean() const {
  return options_.reduction == Reduction::mean && !options_.denominator && !options_.denominator_at.given();
}

bool LossCall::weighted() const {
  const bool has_weights = options_.class_weights.given() || merged_ != nullptr;
  return labels_.data != nullptr && has_weights && options_.mean_over == MeanOver::weights;
}

void LossCall::count(std::int64_t* valid, double* divisor, bool divides) const {
  const bool divides_by_own = divides && takes_own_mean();
  // Without an ignore_index all rows are valid.
  const bool counts = divides_by_own && !weighted() && options_.ignore_index.has_value();
  if (valid != nullptr || counts || (divisor != nullptr && !weighted())) count_valid();
  // Every row looks at the numbers; the caller's own may lie in the host's memory.
  if (valid != nullptr) copy(valid, workspace_.valid_rows(), sizeof *valid, exec_.stream);
  if (divisor != nullptr || (divides_by_own && weighted())) find_divisor();
  if (divisor != nullptr) copy(divisor, workspace_.divisor(), sizeof *divisor, exec_.stream);
}

void LossCall::count_valid() const {
  std::int64_t* const valid = workspace_.valid_rows();
  fill_zero(valid, sizeof *valid, exec_.stream);
  if (rows_ == 0) return;
  LabelView labels = labels_;
  labels.size = rows_;
  gpu::launch_count_valid_rows({.grid = flat_grid(rows_), .stream = exec_.stream}, labels,
                               options_.ignore_index.has_value(), options_.ignore_index.value_or(0), valid);
}

void LossCall::find_divisor() const {
  const std::int64_t parts = weighted() ? gpu::loss_parts(rows_) : 0;
  if (parts > 0) {
    gpu::launch_weight_parts({.grid = flat_grid(parts * gpu::kReductionBlock), .stream = exec_.stream},
                             {.labels = labels_,
                              .has_ignore_index = options_.ignore_index.has_value(),
                              .ignore_index = options_.ignore_index.value_or(0),
                              .class_weights = options_.class_weights,
                              .classes = classes_,
                              .merged = merged_,
                              .parts = workspace_.parts()});
  }
  gpu::launch_divisor({.stream = exec_.stream}, {.parts = workspace_.parts(),
                                                 .part_count = parts,
                                                 .valid_rows = weighted() ? nullptr : workspace_.valid_rows(),
                                                 .divisor = workspace_.divisor()});
}

gpu::CrossEntropyArguments LossCall::arguments(const Upstream& upstream) const {
  return {.labels = labels_,
          .bad_labels = workspace_.report(),
          .has_ignore_index = options_.ignore_index.has_value(),
          .ignore_index = options_.ignore_index.value_or(0),
          .label_smoothing = options_.label_smoothing,
          .class_weights = options_.class_weights,
          .upstream = upstream,
          .divisor = divisor(),
          .valid_rows = counted_divisor(),
          .divisor_at = divisor_at()};
}

VectorView LossCall::row_loss(const VectorView& loss) const {
  if (!loss.given() || options_.reduction == Reduction::none) return loss;
  return vector(workspace_.row_loss(), rows_);
}

void LossCall::reduce(const VectorView& loss) const {
  if (!loss.given() || options_.reduction == Reduction::none) return;
  reduce_losses(workspace_, rows_,
                {.loss = loss,
                 .divisor = divisor(),
                 .valid_rows = counted_divisor(),
                 .divisor_at = divisor_at(),
                 .empty_is_nan = options_.empty_mean == EmptyMean::nan},
                exec_);
}

unsigned LossCall::flat_grid(std::int64_t items) const {
  return plan::flat_grid(items, gpu::kReductionBlock, device_properties());
}

/// What the host knows of it.
double LossCall::divisor() const {
  if (options_.reduction != Reduction::mean) return 1.0;
  return options_.denominator.value_or(static_cast<double>(rows_));
}

const std::int64_t* LossCall::counted_divisor() const {
  return takes_own_mean() && !weighted() && options_.ignore_index ? workspace_.valid_rows() : nullptr;
}

ConstVectorView LossCall::divisor_at() const {
  if (options_.reduction != Reduction::mean) return {};
  if (options_.denominator_at.given()) return options_.denominator_at;
  if (!takes_own_mean() || !weighted()) return {};
  return vector(workspace_.divisor(), 1);
}

}  // namespace xent::cuda
