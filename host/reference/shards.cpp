#include "host/reference/shards.hpp"

#include <cmath>
#include <limits>
#include <optional>

#include "host/reference/reduction.hpp"
#include "host/reference/row.hpp"
#include "host/reference/transform.hpp"
#include "kernels/formulas/row_partial.hpp"

namespace xent::reference {
namespace {

constexpr double kMasked = -std::numeric_limits<double>::infinity();

double times(double a, double b) { return a == 0.0 || b == 0.0 ? 0.0 : a * b; }

/// Where in the shard row r's label is; nothing if elsewhere, or if there are no labels.
std::optional<std::size_t> label_in(const TargetView& target, std::int64_t r, const Shard& shard,
                                    const Row& z) {
  if (target.kind != TargetKind::labels) return std::nullopt;
  const std::int64_t at = label_at(target.labels, r) - shard.first_class;
  if (at < 0 || at >= std::ssize(z)) return std::nullopt;
  return static_cast<std::size_t>(at);
}

bool ignored(const TargetView& target, std::int64_t r, const LossOptions& options) {
  return target.kind == TargetKind::labels && !is_valid(label_at(target.labels, r), options);
}

double weight_of(const LossOptions& options, std::size_t c) {
  return element_or(options.class_weights, static_cast<std::int64_t>(c), 1.0);
}

RowPartial partial_of(const Row& z, const Row& q, const LossOptions& options) {
  const Normaliser norm = normaliser(z);
  RowPartial part;
  part.max = norm.max;
  part.rest = norm.max == kMasked ? -1.0 : norm.rest;
  for (std::size_t c = 0; c < z.size(); ++c) {
    if (z[c] == kMasked && q[c] == 0.0) continue;
    const double gap = norm.max == kMasked ? 0.0 : norm.max - z[c];
    const double weight = weight_of(options, c);
    part.given_gap += times(q[c], gap);
    part.given_weight += q[c];
    part.target_gap += times(weight * q[c], gap);
    part.target_weight += weight * q[c];
    if (z[c] == kMasked) continue;
    part.entropy_gap += times(std::exp(-gap), gap);
    part.spread_gap += times(weight, gap);
    part.spread_weight += weight;
    part.unmasked += 1.0;
  }
  return part;
}

Row soft_target(const TargetView& target, std::int64_t r, std::size_t classes) {
  Row q = target.kind == TargetKind::probs ? read_row(target.probs, r) : Row(classes, 0.0);
  q.resize(classes);
  return q;
}

formulas::RowUpstream<double> row_upstream(std::int64_t r, const LossOptions& options,
                                           const Upstream& upstream, double divisor) {
  const double g = upstream.scale * element_or(upstream.values, r, 1.0);
  return {.loss = divisor == 0.0 ? 0.0 : g / (options.reduction == Reduction::mean ? divisor : 1.0),
          .lse = upstream.scale * element_or(upstream.lse, r, 0.0),
          .log_prob = upstream.scale * element_or(upstream.log_prob, r, 0.0),
          .entropy = upstream.scale * element_or(upstream.entropy, r, 0.0)};
}

/// A whole row as its partials tell it, and the gradients of any class of it.
struct ShardRow {
  ShardRow(const RowPartial& all, const TargetView& target, const LossOptions& options,
           const formulas::RowUpstream<double>& upstream)
      : sums(formulas::sums_of(all)) {
    const bool labels = target.kind == TargetKind::labels;
    const formulas::RowOptions<double> row_options{
        .smoothing = target.kind == TargetKind::none ? 0.0 : options.label_smoothing,
        .focal_gamma = options.focal_gamma,
        .z_loss = options.z_loss};
    loss = formulas::row_loss(all, labels, row_options);
    gradient = labels ? formulas::row_gradient(sums, loss, row_options, upstream, formulas::label_of(all))
                      : formulas::row_gradient(sums, loss, row_options, upstream, sums.given.weight);
  }

  double element(double z, double q, double weight) const {
    const double gap = sums.max - z;
    const double p = std::exp(-gap) / sums.sum();
    double g = times(p, gradient.of_prob + times(gradient.of_prob_gap, gap));
    if (z != kMasked) g -= gradient.share * weight;
    return g - gradient.of_target * weight * q + gradient.of_given * q;
  }
  double target_element(double z, double weight) const {
    if (z == kMasked) return 0.0;
    return (gradient.of_target * weight - gradient.of_given) * (sums.max - z + loss.log_sum);
  }

  formulas::RowSums<double> sums;
  formulas::RowLoss<double> loss;
  formulas::RowGradient<double> gradient;
};

}  // namespace

void cross_entropy_partials(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                            std::span<RowPartial> partials, const LossOptions& options) {
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    RowPartial& part = partials[static_cast<std::size_t>(r)];
    part = {};
    if (ignored(target, r, options)) continue;
    const Row z = transformed(read_row(logits, r), options.transform);
    part = partial_of(z, soft_target(target, r, z.size()), options);
    part.argmax = shard.first_class + static_cast<std::int64_t>(normaliser(z).argmax);
    if (const std::optional<std::size_t> label = label_in(target, r, shard, z)) {
      part.label_z = z[*label];
      part.label_weight = weight_of(options, *label);
      part.labels = 1;
    }
  }
}

void cross_entropy_shard_backward(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                                  std::span<const RowPartial> merged, const CrossEntropyGrads& grads,
                                  const LossOptions& options, const Upstream& upstream, double divisor) {
  const auto classes = static_cast<std::size_t>(logits.layout.classes);
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    Row grad(classes, 0.0);
    Row grad_targets(classes, 0.0);
    if (!ignored(target, r, options)) {
      const Row x = read_row(logits, r);
      const Row z = transformed(x, options.transform);
      const Row q = soft_target(target, r, z.size());
      const ShardRow row(merged[static_cast<std::size_t>(r)], target, options,
                         row_upstream(r, options, upstream, divisor));
      const std::optional<std::size_t> label = label_in(target, r, shard, z);
      const double nothing = 0.0 * row.sums.rest;  // NaN without a distribution, also for masked classes
      for (std::size_t c = 0; c < z.size(); ++c) {
        grad[c] = label == c ? row.gradient.at_label : row.element(z[c], q[c], weight_of(options, c));
        if (grad[c] != 0.0) grad[c] *= slope(options.transform, c, x[c]);
        grad[c] += nothing;
        grad_targets[c] = row.target_element(z[c], weight_of(options, c)) + nothing;
      }
    }
    if (grads.grad.given()) write_row(grads.grad, r, grad);
    if (grads.grad_targets.given()) write_row(grads.grad_targets, r, grad_targets);
  }
}

}  // namespace xent::reference
