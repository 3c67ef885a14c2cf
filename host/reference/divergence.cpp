// Divergences, row by row, from the rows' distributions.
#include "host/reference/divergence.hpp"

#include <cmath>
#include <limits>

#include "host/reference/element.hpp"
#include "host/reference/row.hpp"

namespace xent::reference {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

/// A row as a distribution.
struct Distribution {
  Row p;
  Row log_p;
  bool exists = true;

  Distribution(const Row& logits, double temperature) {
    // The largest logit goes first: scaled by itself it could overflow.
    const double max = normaliser(logits).max;
    Row scaled = logits;
    for (double& z : scaled) z = (z - max) / temperature;
    const Normaliser norm = normaliser(scaled);
    exists = !std::isnan(norm.rest);
    for (const double z : scaled) {
      p.push_back(norm.prob(z));
      log_p.push_back((z - norm.max) - std::log1p(norm.rest));
    }
  }
};

/// Σ p·log_ratio; what has no probability takes no part.
double mean(const Row& p, const Row& log_ratio) {
  double sum = 0.0;
  for (std::size_t c = 0; c < p.size(); ++c) {
    if (p[c] != 0.0) sum += p[c] * log_ratio[c];
  }
  return sum;
}

/// p·(log_ratio - its mean): the gradient of that mean for p's logits, where the log-ratio's own is nothing.
Row gradient(const Row& p, const Row& log_ratio, double its_mean) {
  Row grad(p.size(), 0.0);
  for (std::size_t c = 0; c < p.size(); ++c) {
    if (p[c] != 0.0) grad[c] = p[c] * (log_ratio[c] - its_mean);
  }
  return grad;
}

struct RowResult {
  double loss = 0.0;
  Row grad_p;
  Row grad_q;
};

RowResult kl_row(const Distribution& p, const Distribution& q) {
  Row log_ratio(p.p.size());
  RowResult result{.loss = 0.0, .grad_p = {}, .grad_q = Row(p.p.size())};
  for (std::size_t c = 0; c < log_ratio.size(); ++c) {
    log_ratio[c] = p.log_p[c] - q.log_p[c];
    result.grad_q[c] = q.p[c] - p.p[c];
  }
  result.loss = mean(p.p, log_ratio);
  result.grad_p = result.loss == kInf ? Row(log_ratio.size(), kNan) : gradient(p.p, log_ratio, result.loss);
  return result;
}

RowResult js_row(const Distribution& p, const Distribution& q, double beta) {
  Row p_over_m(p.p.size());
  Row q_over_m(p.p.size());
  for (std::size_t c = 0; c < p.p.size(); ++c) {
    // log(p/m) = -log(β + (1-β)·q/p), from the larger of the two: near m a logarithm of m itself would have
    // lost its digits.
    const double s = p.p[c] == 0.0 && q.p[c] == 0.0 ? 0.0 : p.log_p[c] - q.log_p[c];
    const double share = s >= 0.0 ? 1.0 - beta : beta;
    const double below_one = -share * std::expm1(-std::abs(s));
    const double larger =
        below_one < 0.5 ? -std::log1p(-below_one) : -std::log((1.0 - share) + share * std::exp(-std::abs(s)));
    p_over_m[c] = s >= 0.0 ? larger : larger - std::abs(s);
    q_over_m[c] = s >= 0.0 ? larger - std::abs(s) : larger;
  }
  const double kl_p = mean(p.p, p_over_m);
  const double kl_q = mean(q.p, q_over_m);
  RowResult result{.loss = beta * kl_p + (1.0 - beta) * kl_q,
                   .grad_p = gradient(p.p, p_over_m, kl_p),
                   .grad_q = gradient(q.p, q_over_m, kl_q)};
  for (double& g : result.grad_p) g *= beta;
  for (double& g : result.grad_q) g *= 1.0 - beta;
  return result;
}

template <class OfRow>
void each_row(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
              const DivergenceOutputs& outputs, const DivergenceOptions& options, const Upstream& upstream,
              double divisor, const OfRow& of_row) {
  const auto classes = static_cast<std::size_t>(p_logits.layout.classes);
  double sum = 0.0;
  for (std::int64_t r = 0; r < p_logits.layout.rows(); ++r) {
    const Distribution p(read_row(p_logits, r), options.temperature);
    const Distribution q(read_row(q_logits, r), options.temperature);
    RowResult result{.loss = kNan, .grad_p = Row(classes, kNan), .grad_q = Row(classes, kNan)};
    if (p.exists && q.exists) result = of_row(p, q);
    sum += result.loss;
    if (outputs.loss.given() && options.reduction == Reduction::none) {
      store(outputs.loss.data, outputs.loss.dtype, r * outputs.loss.stride, result.loss);
    }
    double weight = upstream.scale;
    const ConstVectorView& values = upstream.values;
    if (values.given()) {
      weight *= load(values.data, values.dtype, values.size == 1 ? 0 : r * values.stride);
    }
    weight = divisor == 0.0 ? 0.0 : weight / (divisor * options.temperature);
    for (double& g : result.grad_p) g *= weight;
    for (double& g : result.grad_q) g *= weight;
    if (outputs.grad_p.given()) write_row(outputs.grad_p, r, result.grad_p);
    if (outputs.grad_q.given()) write_row(outputs.grad_q, r, result.grad_q);
  }
  if (!outputs.loss.given() || options.reduction == Reduction::none) return;
  const double empty = options.empty_mean == EmptyMean::zero ? 0.0 : kNan;
  store(outputs.loss.data, outputs.loss.dtype, 0, divisor == 0.0 ? empty : sum / divisor);
}

}  // namespace

void kl_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, double divisor) {
  each_row(p_logits, q_logits, outputs, options, upstream, divisor, kl_row);
}

void js_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, double divisor) {
  each_row(p_logits, q_logits, outputs, options, upstream, divisor,
           [&](const Distribution& p, const Distribution& q) { return js_row(p, q, options.beta); });
}

}  // namespace xent::reference
