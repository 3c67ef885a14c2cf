// Cross-entropy and NLL: a kernel over the rows, between a count of the valid ones and the sum of their
// losses where these are wanted.
#include <xent/error.hpp>

#include "host/cuda/backend.hpp"
#include "host/cuda/launch.hpp"
#include "host/cuda/workspace.hpp"

namespace xent::cuda {
namespace {

bool divides_by_valid_rows(const LossOptions& options) {
  return options.reduction == Reduction::mean && !options.denominator;
}

/// What all losses of a call share.
class LossCall {
 public:
  LossCall(const LabelView& labels, std::int64_t rows, const LossOptions& options, const Exec& exec)
      : labels_(labels), rows_(rows), options_(options), exec_(exec), workspace_(exec, rows) {}

  /// Counts the valid rows on the device if somebody wants to know: the caller, or the mean. Without an
  /// ignore_index all are valid.
  void count_valid(std::int64_t* wanted, bool divides) const {
    if (wanted == nullptr && !(divides && divides_by_valid_rows(options_) && options_.ignore_index)) return;
    std::int64_t* const valid = workspace_.valid_rows();
    fill_zero(valid, sizeof *valid, exec_.stream);
    if (rows_ > 0) {
      gpu::launch_count_valid_rows({.grid = flat_grid(rows_), .stream = exec_.stream}, labels_,
                                   options_.ignore_index.has_value(), options_.ignore_index.value_or(0),
                                   valid);
    }
    // Every row looks at the number; the caller's own may lie in the host's memory.
    if (wanted != nullptr) copy(wanted, valid, sizeof *valid, exec_.stream);
  }

  gpu::CrossEntropyArguments arguments(const Upstream& upstream) const {
    return {.labels = labels_,
            .bad_labels = workspace_.report(),
            .has_ignore_index = options_.ignore_index.has_value(),
            .ignore_index = options_.ignore_index.value_or(0),
            .label_smoothing = options_.label_smoothing,
            .upstream = upstream,
            .divisor = divisor(),
            .valid_rows = counted_divisor()};
  }

  /// Where the kernel puts a loss per row.
  VectorView row_loss(const VectorView& loss) const {
    if (!loss.given() || options_.reduction == Reduction::none) return loss;
    return vector(workspace_.row_loss(), rows_);
  }

  void reduce(const VectorView& loss) const {
    if (!loss.given() || options_.reduction == Reduction::none) return;
    const std::int64_t parts = gpu::loss_parts(rows_);
    if (parts > 0) {
      gpu::launch_loss_parts({.grid = flat_grid(parts * gpu::kReductionBlock), .stream = exec_.stream},
                             workspace_.row_loss(), rows_, workspace_.parts());
    }
    gpu::launch_loss_sum({.stream = exec_.stream}, {.parts = workspace_.parts(),
                                                    .part_count = parts,
                                                    .loss = loss,
                                                    .divisor = divisor(),
                                                    .valid_rows = counted_divisor(),
                                                    .empty_is_nan = options_.empty_mean == EmptyMean::nan});
  }

 private:
  static unsigned flat_grid(std::int64_t items) {
    return plan::flat_grid(items, gpu::kReductionBlock, device_properties());
  }
  double divisor() const {
    if (options_.reduction != Reduction::mean) return 1.0;
    return options_.denominator.value_or(static_cast<double>(rows_));
  }
  const std::int64_t* counted_divisor() const {
    return divides_by_valid_rows(options_) && options_.ignore_index ? workspace_.valid_rows() : nullptr;
  }

  const LabelView& labels_;
  std::int64_t rows_;
  const LossOptions& options_;
  const Exec& exec_;
  CallWorkspace workspace_;
};

}  // namespace

void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream,
                   const Exec& exec) {
  const LossCall call(target.labels, logits.layout.rows(), options, exec);
  call.count_valid(outputs.valid_count, outputs.loss.given() || outputs.grad.given());
  if (outputs.correct_count != nullptr) {
    fill_zero(outputs.correct_count, sizeof *outputs.correct_count, exec.stream);
  }
  gpu::CrossEntropyArguments arguments = call.arguments(upstream);
  arguments.logits = logits;
  arguments.grad = outputs.grad;
  arguments.row_loss = call.row_loss(outputs.loss);
  arguments.row_lse = outputs.lse;
  arguments.argmax = outputs.argmax;
  arguments.correct_count = outputs.correct_count;
  launch_rows(gpu::Op::cross_entropy,
              {.layout = logits.layout, .dtype = logits.dtype, .writes_matrix = outputs.grad.given()},
              arguments, exec);
  call.reduce(outputs.loss);
}

void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options, const Upstream& upstream, const Exec& exec) {
  const LossCall call(target.labels, logits.layout.rows(), options, exec);
  call.count_valid(nullptr, true);
  gpu::CrossEntropyArguments arguments = call.arguments(upstream);
  arguments.logits = logits;
  arguments.lse = lse;
  arguments.grad = grads.grad;
  launch_rows(gpu::Op::cross_entropy_backward,
              {.layout = logits.layout, .dtype = logits.dtype, .writes_matrix = true}, arguments, exec);
}

void nll(const ConstMatrixView& log_probs, const LabelView& labels, const NllOutputs& outputs,
         const LossOptions& options, const Exec& exec) {
  const std::int64_t rows = log_probs.layout.rows();
  const LossCall call(labels, rows, options, exec);
  call.count_valid(outputs.valid_count, true);
  gpu::CrossEntropyArguments arguments = call.arguments({});
  arguments.logits = log_probs;
  arguments.row_loss = call.row_loss(outputs.loss);
  if (rows > 0) {
    constexpr gpu::Mapping kMapping = gpu::Mapping::warp;
    const unsigned grid = plan::flat_grid(rows, gpu::shape_of(kMapping).block, device_properties());
    gpu::launch(gpu::instance(gpu::Op::nll, log_probs.dtype, kMapping), {.grid = grid, .stream = exec.stream},
                arguments);
  }
  call.reduce(outputs.loss);
}

void nll_backward(const LabelView& labels, const MatrixView& grad, const LossOptions& options,
                  const Upstream& upstream, const Exec& exec) {
  const LossCall call(labels, grad.layout.rows(), options, exec);
  call.count_valid(nullptr, true);
  gpu::CrossEntropyArguments arguments = call.arguments(upstream);
  arguments.logits = grad;
  arguments.grad = grad;
  launch_rows(
      gpu::Op::nll_backward,
      {.layout = grad.layout, .dtype = grad.dtype, .tiles = 0, .matrices_read = 0, .writes_matrix = true},
      arguments, exec);
}

void check_labels(const Exec& exec) {
  gpu::LabelReport* const report = CallWorkspace(exec, 0).report();
  gpu::LabelReport found{};
  copy(&found, report, sizeof found, exec.stream);
  wait(exec.stream);
  if (found.count == 0) return;
  fill_zero(report, sizeof *report, exec.stream);
  throw LabelError(found.first_row, found.first_value, found.classes);
}

}  // namespace xent::cuda
