// Softmax and log-softmax, row by row.
#include "host/reference/softmax.hpp"

#include <cmath>
#include <limits>

#include "host/reference/row.hpp"

namespace xent::reference {

void softmax(const ConstMatrixView& logits, const MatrixView& probs) {
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    Row row = read_row(logits, r);
    const Normaliser norm = normaliser(row);
    for (double& z : row) z = norm.prob(z);
    write_row(probs, r, row);
  }
}

void log_softmax(const ConstMatrixView& logits, const MatrixView& log_probs) {
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    Row row = read_row(logits, r);
    const Normaliser norm = normaliser(row);
    for (double& z : row) z = (z - norm.max) - std::log1p(norm.rest);
    write_row(log_probs, r, row);
  }
}

void softmax_backward(const ConstMatrixView& probs, const ConstMatrixView& grad_probs,
                      const MatrixView& grad_logits) {
  for (std::int64_t r = 0; r < probs.layout.rows(); ++r) {
    const Row p = read_row(probs, r);
    const Row g = read_row(grad_probs, r);
    double mean_gradient = 0.0;  // Σ_k p[k]·g[k], the upstream averaged over the distribution p
    for (std::size_t k = 0; k < p.size(); ++k) {
      if (p[k] != 0.0) mean_gradient += p[k] * g[k];
    }
    Row grad(p.size(), 0.0);
    for (std::size_t c = 0; c < p.size(); ++c) {
      if (p[c] != 0.0) grad[c] = p[c] * (g[c] - mean_gradient);
    }
    write_row(grad_logits, r, grad);
  }
}

void log_softmax_backward(const ConstMatrixView& log_probs, const ConstMatrixView& grad_log_probs,
                          const MatrixView& grad_logits) {
  constexpr double masked = -std::numeric_limits<double>::infinity();
  for (std::int64_t r = 0; r < log_probs.layout.rows(); ++r) {
    const Row log_p = read_row(log_probs, r);
    const Row g = read_row(grad_log_probs, r);
    double total_gradient = 0.0;  // Σ_k g[k]
    for (std::size_t k = 0; k < log_p.size(); ++k) {
      if (log_p[k] != masked) total_gradient += g[k];
    }
    Row grad(log_p.size(), 0.0);
    for (std::size_t c = 0; c < log_p.size(); ++c) {
      if (log_p[c] != masked) grad[c] = g[c] - std::exp(log_p[c]) * total_gradient;
    }
    write_row(grad_logits, r, grad);
  }
}

}  // namespace xent::reference
