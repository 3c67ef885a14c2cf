#include "host/reference/row_loss.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include "host/reference/reduction.hpp"

namespace xent::reference {
namespace {

/// a·b where 0·anything is 0.
double times(double a, double b) { return a == 0.0 || b == 0.0 ? 0.0 : a * b; }

/// (1 - p)^γ, and the factor of t·p in the loss's gradient: (1 - p)^γ + γ·p·(1 - p)^(γ-1)·ℓ.
double modulation(double others, double gamma) { return gamma == 0.0 ? 1.0 : std::pow(others, gamma); }
double focal_factor(const Distribution& row, std::size_t c, double gamma) {
  if (gamma == 0.0) return 1.0;
  const double o = row.others[c];
  // ℓ vanishes with o, faster than o^(γ-1) grows; p vanishes faster than ℓ grows.
  const double slope = o == 0.0 ? 0.0 : gamma * times(row.p[c], row.log_loss[c]) * std::pow(o, gamma - 1.0);
  return std::pow(o, gamma) + slope;
}

/// Σ of all but the largest by magnitude, and where that one is: what is left when it is taken away again.
struct SplitSum {
  explicit SplitSum(const Row& terms) {
    const auto at = std::ranges::max_element(terms, {}, [](double t) { return std::abs(t); });
    index = static_cast<std::size_t>(at - terms.begin());
    largest = *at;
    long double sum = 0.0;  // thousands of equal shares would all round the same way
    for (std::size_t c = 0; c < terms.size(); ++c) sum += c == index ? 0.0 : terms[c];
    rest = static_cast<double>(sum);
  }

  double without(std::size_t c, double term) const { return c == index ? rest : largest + (rest - term); }

  std::size_t index = 0;
  double largest = 0.0;
  double rest = 0.0;
};

}  // namespace

Distribution::Distribution(const Row& z) : p(z.size()), others(z.size()), log_loss(z.size()) {
  const Normaliser norm = normaliser(z);
  lse = norm.lse();
  for (std::size_t c = 0; c < z.size(); ++c) {
    p[c] = norm.prob(z[c]);
    others[c] = c == norm.argmax ? norm.rest / (1.0 + norm.rest) : 1.0 - p[c];
    log_loss[c] = (norm.max - z[c]) + std::log1p(norm.rest);
  }
}

Distribution::Distribution(const Row& z, double saved_lse)
    : p(z.size()), others(z.size()), log_loss(z.size()), lse(saved_lse) {
  for (std::size_t c = 0; c < z.size(); ++c) {
    p[c] = std::exp(z[c] - lse);
    log_loss[c] = lse - z[c];
  }
  const SplitSum sum(p);
  for (std::size_t c = 0; c < z.size(); ++c) {
    const bool dominates = c == sum.index && p[c] > 0.5;
    others[c] = dominates ? sum.rest : 1.0 - p[c];
    // Where lse - z may be nothing but lse's rounding.
    if (dominates && others[c] < 0.25) log_loss[c] = -std::log1p(-others[c]);
  }
}

double Distribution::entropy() const {
  if (std::isnan(lse)) return lse;
  double sum = 0.0;
  for (std::size_t c = 0; c < p.size(); ++c) sum += times(p[c], log_loss[c]);
  return sum;
}

double row_loss(const Distribution& row, const Row& taken, const LossOptions& options) {
  if (std::isnan(row.lse)) return row.lse;
  double loss = times(options.z_loss, row.lse * row.lse);
  for (std::size_t c = 0; c < taken.size(); ++c) {
    if (taken[c] == 0.0) continue;
    loss += taken[c] * times(modulation(row.others[c], options.focal_gamma), row.log_loss[c]);
  }
  return loss;
}

double log_prob(const Distribution& row, const Row& given) {
  if (std::isnan(row.lse)) return row.lse;
  double sum = 0.0;
  for (std::size_t c = 0; c < given.size(); ++c) sum -= times(given[c], row.log_loss[c]);
  return sum;
}

/// With pull[k] what draws class k towards the target, the gradient for class c is p·Σ_k pull[k] - pull[c].
/// Where p is near 1 and pull[c] near the sum nothing would be left of it; there it is
/// p·Σ_{k≠c} pull[k] - pull[c]·(1 - p), with both p and 1 - p from the others.
Row gradient(const Distribution& row, const RowTarget& target, const LossOptions& options,
             const RowUpstream& upstream) {
  const std::size_t classes = row.p.size();
  if (std::isnan(row.lse)) return Row(classes, row.lse);
  Row pull(classes);
  for (std::size_t c = 0; c < classes; ++c) {
    pull[c] = times(target.taken[c], focal_factor(row, c, options.focal_gamma)) * upstream.loss -
              target.given[c] * upstream.log_prob;
  }
  const SplitSum sum(pull);
  const double of_lse = times(2.0 * options.z_loss * upstream.loss, row.lse) + upstream.lse;
  const double entropy = upstream.entropy == 0.0 ? 0.0 : row.entropy();
  const bool dominates = std::abs(sum.largest) > std::abs(sum.rest) && row.p[sum.index] > 0.5;
  const std::size_t confident = target.label.value_or(dominates ? sum.index : classes);
  Row grad(classes);
  for (std::size_t c = 0; c < classes; ++c) {
    const double p = row.p[c] > 0.5 ? 1.0 - row.others[c] : row.p[c];
    grad[c] = c == confident ? times(p, sum.without(c, pull[c]) + of_lse) - times(pull[c], row.others[c])
                             : times(row.p[c], sum.rest + sum.largest + of_lse) - pull[c];
    if (upstream.entropy != 0.0) grad[c] += upstream.entropy * times(row.p[c], row.log_loss[c] - entropy);
  }
  return grad;
}

Row target_gradient(const Distribution& row, const Row& z, const LossOptions& options,
                    const RowUpstream& upstream) {
  if (std::isnan(row.lse)) return Row(row.p.size(), row.lse);
  Row grad(row.p.size(), 0.0);
  for (std::size_t c = 0; c < grad.size(); ++c) {
    if (z[c] == -std::numeric_limits<double>::infinity()) continue;
    const double weight = element_or(options.class_weights, static_cast<std::int64_t>(c), 1.0);
    const double of_loss = upstream.loss * (1.0 - options.label_smoothing) * weight;
    grad[c] = times(of_loss, times(modulation(row.others[c], options.focal_gamma), row.log_loss[c])) -
              times(upstream.log_prob, row.log_loss[c]);
  }
  return grad;
}

}  // namespace xent::reference
