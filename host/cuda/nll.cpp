// NLL, and the report on labels that all losses leave.
#include <xent/error.hpp>

#include "host/cuda/backend.hpp"
#include "host/cuda/launch.hpp"
#include "host/cuda/loss_call.hpp"

namespace xent::cuda {

void nll(const ConstMatrixView& log_probs, const LabelView& labels, const NllOutputs& outputs,
         const LossOptions& options, const Exec& exec) {
  const std::int64_t rows = log_probs.layout.rows();
  const LossCall call(labels, rows, log_probs.layout.classes, options, exec);
  call.count(outputs.valid_count, nullptr, true);
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
  const LossCall call(labels, grad.layout.rows(), grad.layout.classes, options, exec);
  call.count(nullptr, nullptr, true);
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
