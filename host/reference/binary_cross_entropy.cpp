// Binary cross-entropy, element by element.
#include "host/reference/binary_cross_entropy.hpp"

#include <cmath>
#include <limits>

#include "host/reference/element.hpp"
#include "host/reference/row.hpp"

namespace xent::reference {
namespace {

/// log(1 + e^x)
double softplus(double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// 1 / (1 + e^-x), without losing the digits of either end.
double sigmoid(double x) {
  const double e = std::exp(-std::abs(x));
  return (x < 0.0 ? e : 1.0) / (1.0 + e);
}

/// Nothing of an infinity is nothing; a NaN stays.
double times(double coefficient, double value) {
  return coefficient == 0.0 && std::isinf(value) ? 0.0 : coefficient * value;
}

double element_or(const ConstVectorView& view, std::size_t i, double otherwise) {
  if (!view.given()) return otherwise;
  return load(view.data, view.dtype, static_cast<std::int64_t>(i) * view.stride);
}

struct Element {
  double loss;
  double grad;
  double grad_target;
};

Element element(double x, double y, double weight, double pos_weight) {
  const double positive = weight * pos_weight * y;
  const double negative = weight * (1.0 - y);
  return {.loss = times(positive, softplus(-x)) + times(negative, softplus(x)),
          .grad = negative * sigmoid(x) - positive * sigmoid(-x),
          .grad_target = times(weight * pos_weight, softplus(-x)) - times(weight, softplus(x))};
}

}  // namespace

void binary_cross_entropy(const ConstMatrixView& logits, const ConstMatrixView& targets,
                          const BinaryCrossEntropyOutputs& outputs, const BinaryCrossEntropyOptions& options,
                          const BinaryCrossEntropyUpstream& upstream, double divisor) {
  const auto classes = static_cast<std::size_t>(logits.layout.classes);
  const double shared = divisor == 0.0 ? 0.0 : upstream.scale * element_or(upstream.value, 0, 1.0) / divisor;
  double sum = 0.0;
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    const Row x = read_row(logits, r);
    const Row y = read_row(targets, r);
    const Row g = upstream.values.data == nullptr ? Row(classes, 1.0) : read_row(upstream.values, r);
    Row losses(classes);
    Row grad(classes);
    Row grad_targets(classes);
    for (std::size_t c = 0; c < classes; ++c) {
      const Element e = element(x[c], y[c], element_or(options.class_weights, c, 1.0),
                                element_or(options.pos_weight, c, 1.0));
      sum += e.loss;
      losses[c] = e.loss;
      grad[c] = e.grad * (shared * g[c]);
      grad_targets[c] = times(shared * g[c], e.grad_target);
    }
    if (outputs.losses.given()) write_row(outputs.losses, r, losses);
    if (outputs.grad.given()) write_row(outputs.grad, r, grad);
    if (outputs.grad_targets.given()) write_row(outputs.grad_targets, r, grad_targets);
  }
  if (!outputs.loss.given()) return;
  const double empty = options.empty_mean == EmptyMean::zero ? 0.0 : std::numeric_limits<double>::quiet_NaN();
  store(outputs.loss.data, outputs.loss.dtype, 0, divisor == 0.0 ? empty : sum / divisor);
}

}  // namespace xent::reference
