// Divergences: a kernel over the rows, then the sum of their losses where one number is wanted.
#include <optional>

#include "host/cuda/backend.hpp"
#include "host/cuda/launch.hpp"
#include "host/cuda/reduced_loss.hpp"

namespace xent::cuda {
namespace {

void run(gpu::Op op, const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
         const DivergenceOutputs& outputs, const DivergenceOptions& options, const Upstream& upstream,
         const Exec& exec) {
  const std::int64_t rows = p_logits.layout.rows();
  const bool mean = options.reduction == Reduction::mean;
  gpu::DivergenceArguments arguments{
      .p_logits = p_logits,
      .q_logits = q_logits,
      .grad_p = outputs.grad_p,
      .grad_q = outputs.grad_q,
      .row_loss = outputs.loss,
      .inverse_temperature = 1.0 / options.temperature,
      .beta = options.beta,
      .scale = upstream.scale,
      .upstream_values = upstream.values,
      .divisor = mean ? options.denominator.value_or(static_cast<double>(rows)) : 1.0,
      .divisor_at = options.denominator_at};
  std::optional<CallWorkspace> workspace;
  if (outputs.loss.given() && options.reduction != Reduction::none) {
    workspace.emplace(exec, rows);
    arguments.row_loss = vector(workspace->row_loss(), rows);
  }
  launch_rows(op,
              {.layout = p_logits.layout,
               .dtype = p_logits.dtype,
               .tiles = 2,
               .matrices_read = 2,
               .writes_matrix = outputs.grad_p.given() || outputs.grad_q.given()},
              arguments, exec);
  if (!workspace) return;
  reduce_losses(*workspace, rows,
                {.loss = outputs.loss,
                 .divisor = arguments.divisor,
                 .divisor_at = arguments.divisor_at,
                 .empty_is_nan = options.empty_mean == EmptyMean::nan},
                exec);
}

}  // namespace

void kl_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, const Exec& exec) {
  run(gpu::Op::kl_divergence, p_logits, q_logits, outputs, options, upstream, exec);
}

void js_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, const Exec& exec) {
  run(gpu::Op::js_divergence, p_logits, q_logits, outputs, options, upstream, exec);
}

}  // namespace xent::cuda
