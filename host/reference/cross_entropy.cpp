// Softmax cross-entropy, row by row.
#include "host/reference/cross_entropy.hpp"

#include <cmath>
#include <limits>

#include "host/reference/element.hpp"
#include "host/reference/reduction.hpp"
#include "host/reference/row.hpp"

namespace xent::reference {
namespace {

/// q = (1-ε)·onehot(y) + ε/K over the K classes whose logit is not -inf.
Row target_distribution(const Row& logits, std::size_t y, double smoothing) {
  constexpr double masked = -std::numeric_limits<double>::infinity();
  double unmasked = 0.0;
  for (const double z : logits) unmasked += z == masked ? 0.0 : 1.0;
  Row q(logits.size(), 0.0);
  for (std::size_t c = 0; c < q.size(); ++c) {
    if (smoothing > 0.0 && logits[c] != masked) q[c] = smoothing / unmasked;
  }
  q[y] += 1.0 - smoothing;
  return q;
}

/// lse - Σ_c q[c]·z[c]. Since Σ q = 1 this is Σ_c q[c]·(max - z[c]) + log1p(rest): no term is negative,
/// so nothing cancels. q = 0 takes no part: 0·∞ is 0 here.
double row_loss(const Row& logits, const Row& q, const Normaliser& norm) {
  double loss = std::log1p(norm.rest);
  for (std::size_t c = 0; c < q.size(); ++c) {
    if (q[c] != 0.0) loss += q[c] * (norm.max - logits[c]);
  }
  return loss;
}

/// weight · (p - q). A row's gradient sums to zero, so the target's is taken as minus the sum of the
/// others: p[y] - q[y] itself cancels to nothing where the row is confident.
Row row_gradient(const Row& p, const Row& q, std::size_t y, double weight) {
  Row grad(p.size());
  double others = std::isnan(p[y]) ? p[y] : 0.0;  // NaN rows of a single class have no others to tell
  for (std::size_t c = 0; c < p.size(); ++c) {
    if (c == y) continue;
    others += p[c] - q[c];
    grad[c] = (p[c] - q[c]) * weight;
  }
  grad[y] = -others * weight;
  return grad;
}

void write_row_outputs(const CrossEntropyOutputs& outputs, std::int64_t r, double lse, std::int64_t argmax) {
  if (outputs.lse.given()) store(outputs.lse.data, outputs.lse.dtype, r * outputs.lse.stride, lse);
  if (outputs.argmax.given()) {
    store(outputs.argmax.data, outputs.argmax.type, r * outputs.argmax.stride, argmax);
  }
}

}  // namespace

void cross_entropy(const ConstMatrixView& logits, const LabelView& labels, const CrossEntropyOutputs& outputs,
                   const LossOptions& options, const Upstream& upstream) {
  const std::int64_t rows = logits.layout.rows();
  const std::int64_t valid = count_valid(labels, options);
  std::int64_t correct = 0;
  std::vector<double> losses(static_cast<std::size_t>(rows), 0.0);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::int64_t label = label_at(labels, r);
    if (!is_valid(label, options)) {
      write_row_outputs(outputs, r, 0.0, -1);
      if (outputs.grad.given())
        write_row(outputs.grad, r, Row(static_cast<std::size_t>(logits.layout.classes)));
      continue;
    }
    const Row z = read_row(logits, r);
    const auto y = static_cast<std::size_t>(label);
    const Row q = target_distribution(z, y, options.label_smoothing);
    const Normaliser norm = normaliser(z);
    losses[static_cast<std::size_t>(r)] = row_loss(z, q, norm);
    if (norm.argmax == y) ++correct;
    write_row_outputs(outputs, r, norm.lse(), static_cast<std::int64_t>(norm.argmax));
    if (outputs.grad.given()) {
      Row p = z;
      for (double& element : p) element = norm.prob(element);
      write_row(outputs.grad, r, row_gradient(p, q, y, row_weight(r, valid, options, upstream)));
    }
  }
  if (outputs.loss.given()) write_loss(losses, valid, options, outputs.loss);
  if (outputs.correct_count != nullptr) *outputs.correct_count = correct;
  if (outputs.valid_count != nullptr) *outputs.valid_count = valid;
}

void cross_entropy_backward(const ConstMatrixView& logits, const LabelView& labels,
                            const ConstVectorView& lse, const MatrixView& grad, const LossOptions& options,
                            const Upstream& upstream) {
  const std::int64_t valid = count_valid(labels, options);
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    const std::int64_t label = label_at(labels, r);
    if (!is_valid(label, options)) {
      write_row(grad, r, Row(static_cast<std::size_t>(logits.layout.classes)));
      continue;
    }
    const Row z = read_row(logits, r);
    const auto y = static_cast<std::size_t>(label);
    const double row_lse = load(lse.data, lse.dtype, r * lse.stride);
    Row p = z;
    for (double& element : p) element = std::exp(element - row_lse);
    const Row q = target_distribution(z, y, options.label_smoothing);
    write_row(grad, r, row_gradient(p, q, y, row_weight(r, valid, options, upstream)));
  }
}

}  // namespace xent::reference
