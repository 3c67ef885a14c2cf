// Softmax cross-entropy, row by row.
#include "host/reference/cross_entropy.hpp"

#include <cmath>
#include <optional>

#include "host/reference/element.hpp"
#include "host/reference/reduction.hpp"
#include "host/reference/row.hpp"
#include "host/reference/row_loss.hpp"
#include "host/reference/target.hpp"
#include "host/reference/transform.hpp"

namespace xent::reference {
namespace {

/// A call's inputs, and what all its rows share.
struct Call {
  const ConstMatrixView& logits;
  const TargetView& target;
  const LossOptions& options;
  const Upstream& upstream;
  RowCounts counts = count_rows(target, logits.layout.rows(), options);

  std::size_t classes() const { return static_cast<std::size_t>(logits.layout.classes); }
  /// None if the row is ignored; -1 if it has no label.
  std::optional<std::int64_t> label(std::int64_t r) const {
    if (target.kind != TargetKind::labels) return -1;
    const std::int64_t label = label_at(target.labels, r);
    return is_valid(label, options) ? std::optional(label) : std::nullopt;
  }
  RowUpstream row_upstream(std::int64_t r) const {
    return {.loss = row_weight(r, counts, options, upstream),
            .lse = upstream.scale * element_or(upstream.lse, r, 0.0),
            .log_prob = upstream.scale * element_or(upstream.log_prob, r, 0.0),
            .entropy = upstream.scale * element_or(upstream.entropy, r, 0.0)};
  }
};

/// What there is one of per row.
struct RowResult {
  double loss = 0.0;
  double lse = 0.0;
  double log_prob = 0.0;
  double entropy = 0.0;
  std::int64_t argmax = -1;
  std::int64_t target_rank = -1;
};

std::int64_t rank_of(const Row& z, std::size_t label) {
  std::int64_t before = 0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    if (std::isnan(z[c])) return -1;
    if (z[c] > z[label] || (z[c] == z[label] && c < label)) ++before;
  }
  return before;
}

void store_row(const VectorView& view, std::int64_t r, double value) {
  if (view.given()) store(view.data, view.dtype, r * view.stride, value);
}
void store_row(const IndexView& view, std::int64_t r, std::int64_t value) {
  if (view.given()) store(view.data, view.type, r * view.stride, value);
}

void store_result(const CrossEntropyOutputs& outputs, std::int64_t r, const RowResult& result) {
  store_row(outputs.row_loss, r, result.loss);
  store_row(outputs.lse, r, result.lse);
  store_row(outputs.log_prob, r, result.log_prob);
  store_row(outputs.entropy, r, result.entropy);
  store_row(outputs.argmax, r, result.argmax);
  store_row(outputs.target_rank, r, result.target_rank);
}

void write_gradients(const Call& call, const CrossEntropyGrads& grads, std::int64_t r, const Row& logits,
                     const Row& z, const Distribution& row, const RowTarget& target) {
  const RowUpstream upstream = call.row_upstream(r);
  if (grads.grad.given()) {
    Row grad = gradient(row, target, call.options, upstream);
    for (std::size_t c = 0; c < grad.size(); ++c) {
      if (grad[c] != 0.0) grad[c] *= slope(call.options.transform, c, logits[c]);
    }
    grad.resize(call.classes(), 0.0);
    write_row(grads.grad, r, grad);
  }
  if (grads.grad_targets.given()) {
    Row grad = target_gradient(row, z, call.options, upstream);
    grad.resize(call.classes(), 0.0);
    write_row(grads.grad_targets, r, grad);
  }
}

void write_zeros(const Call& call, const CrossEntropyGrads& grads, std::int64_t r) {
  const Row zeros(call.classes(), 0.0);
  if (grads.grad.given()) write_row(grads.grad, r, zeros);
  if (grads.grad_targets.given()) write_row(grads.grad_targets, r, zeros);
}

}  // namespace

void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options, const Upstream& upstream) {
  const Call call{logits, target, options, upstream};
  const CrossEntropyGrads grads{outputs.grad, outputs.grad_targets};
  const std::int64_t rows = logits.layout.rows();
  std::int64_t correct = 0;
  std::int64_t top_k = 0;
  std::vector<double> losses(static_cast<std::size_t>(rows), 0.0);
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::optional<std::int64_t> label = call.label(r);
    if (!label) {
      store_result(outputs, r, RowResult{});
      write_zeros(call, grads, r);
      continue;
    }
    const Row x = read_row(logits, r);
    const Row z = transformed(x, options.transform);
    const RowTarget row_q = row_target(target, r, z, options);
    const Distribution row(z);
    const RowResult result{.loss = row_loss(row, row_q.taken, options),
                           .lse = row.lse,
                           .log_prob = log_prob(row, row_q.given),
                           .entropy = row.entropy(),
                           .argmax = static_cast<std::int64_t>(normaliser(z).argmax),
                           .target_rank = *label < 0 ? -1 : rank_of(z, static_cast<std::size_t>(*label))};
    losses[static_cast<std::size_t>(r)] = result.loss;
    if (result.argmax == *label) ++correct;
    if (result.target_rank >= 0 && result.target_rank < outputs.top_k) ++top_k;
    store_result(outputs, r, result);
    write_gradients(call, grads, r, x, z, row, row_q);
  }
  if (outputs.loss.given()) write_loss(losses, call.counts, options, outputs.loss);
  if (outputs.correct_count != nullptr) *outputs.correct_count = correct;
  if (outputs.top_k_count != nullptr) *outputs.top_k_count = top_k;
  if (outputs.valid_count != nullptr) *outputs.valid_count = call.counts.valid;
  if (outputs.divisor != nullptr) *outputs.divisor = call.counts.divisor;
}

void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options, const Upstream& upstream) {
  const Call call{logits, target, options, upstream};
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    if (!call.label(r)) {
      write_zeros(call, grads, r);
      continue;
    }
    const Row x = read_row(logits, r);
    const Row z = transformed(x, options.transform);
    const Distribution row(z, load(lse.data, lse.dtype, r * lse.stride));
    write_gradients(call, grads, r, x, z, row, row_target(target, r, z, options));
  }
}

}  // namespace xent::reference
