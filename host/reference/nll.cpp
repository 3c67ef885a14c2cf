// Negative log-likelihood, row by row.
#include "host/reference/nll.hpp"

#include <limits>

#include "host/reference/element.hpp"
#include "host/reference/reduction.hpp"
#include "host/reference/row.hpp"

namespace xent::reference {

void nll(const ConstMatrixView& log_probs, const LabelView& labels, const NllOutputs& outputs,
         const LossOptions& options) {
  const Layout& layout = log_probs.layout;
  const RowCounts counts = count_rows(labels, layout.rows(), options);
  std::vector<double> losses(static_cast<std::size_t>(layout.rows()), 0.0);
  for (std::int64_t r = 0; r < layout.rows(); ++r) {
    const std::int64_t y = label_at(labels, r);
    if (!is_valid(y, options)) continue;
    const std::int64_t at = layout.row_offset(r) + y * layout.class_stride;
    const double weight = element_or(options.class_weights, y, 1.0);
    const double log_prob = load(log_probs.data, log_probs.dtype, at);
    const bool masked = log_prob == -std::numeric_limits<double>::infinity();
    if (weight == 0.0 && masked) continue;  // nothing of an infinity is nothing
    losses[static_cast<std::size_t>(r)] = -weight * log_prob;
  }
  if (outputs.loss.given()) write_loss(losses, counts, options, outputs.loss);
  if (outputs.valid_count != nullptr) *outputs.valid_count = counts.valid;
}

void nll_backward(const LabelView& labels, const MatrixView& grad_log_probs, const LossOptions& options,
                  const Upstream& upstream) {
  const Layout& layout = grad_log_probs.layout;
  const RowCounts counts = count_rows(labels, layout.rows(), options);
  for (std::int64_t r = 0; r < layout.rows(); ++r) {
    const std::int64_t y = label_at(labels, r);
    Row grad(static_cast<std::size_t>(layout.classes), 0.0);
    if (is_valid(y, options)) {
      grad[static_cast<std::size_t>(y)] =
          -element_or(options.class_weights, y, 1.0) * row_weight(r, counts, options, upstream);
    }
    write_row(grad_log_probs, r, grad);
  }
}

}  // namespace xent::reference
