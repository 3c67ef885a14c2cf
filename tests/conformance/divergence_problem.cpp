// Drawing of divergence problems; what the reference says of them, and how far from it an answer may be.
#include "tests/conformance/divergence_problem.hpp"

#include <cmath>

#include "host/reference/row.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/compare.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

/// Dividing by the temperature rounds once more; and in f64 the reference is no better than what it judges.
double more_roundings(const Tolerance& limits) { return limits.unit == 0x1p-53 ? 4.0 : 2.0; }

/// A distribution, and how far off its probabilities and their logarithms may be.
struct Side {
  std::vector<double> p;
  std::vector<double> log_p;
  std::vector<double> p_error;
  std::vector<double> log_error;
  bool exists = true;

  Side(const std::vector<double>& logits, double temperature, const Tolerance& limits) {
    const double max = reference::normaliser(logits).max;
    std::vector<double> z;
    z.reserve(logits.size());
    for (const double logit : logits) z.push_back((logit - max) / temperature);
    const reference::Normaliser norm = reference::normaliser(z);
    exists = !std::isnan(norm.rest);
    if (!exists) return;
    const RowBounds bounds(z, limits);
    for (std::size_t c = 0; c < z.size(); ++c) {
      p.push_back(norm.prob(z[c]));
      log_p.push_back(z[c] - std::log1p(norm.rest));
      p_error.push_back(more_roundings(limits) * bounds.prob(c));
      log_error.push_back(more_roundings(limits) * bounds.log_prob(c));
    }
  }
};

/// Σ p·(e^-s - 1 + s) with s = log(p/m), and p·(s - that): how far off they may be.
struct PartBounds {
  double sum = 0.0;
  std::vector<double> gradient;

  /// `error` is that of s.
  PartBounds(const Side& side, const std::vector<double>& m, const std::vector<double>& m_error,
             const std::vector<double>& s, const std::vector<double>& error, const Tolerance& limits) {
    const double unit = kExpUnits * limits.unit;
    double mean = 0.0;
    double spread = 0.0;  // the reference adds up p·s itself
    for (std::size_t c = 0; c < s.size(); ++c) {
      const double p = side.p[c];
      if (p == 0.0) {
        sum += m_error[c];
        continue;
      }
      const double excess = m[c] - p + p * s[c];
      if (std::abs(s[c]) < 0.25) {
        sum += side.p_error[c] * s[c] * s[c] + std::abs(m[c] - p) * error[c] + unit * p * s[c] * s[c] +
               p * error[c] * error[c];
      } else {
        sum += m_error[c] + side.p_error[c] * (1.0 + std::abs(s[c])) + p * error[c] + unit * std::abs(excess);
      }
      mean += p * s[c];
      spread += p * std::abs(s[c]) + p * std::abs(side.log_p[c]);
    }
    sum += 0x1p-49 * spread + static_cast<double>(s.size()) * limits.tiny;
    for (std::size_t c = 0; c < s.size(); ++c) {
      const double p = side.p[c];
      const double distance = p == 0.0 ? 0.0 : std::abs(s[c] - mean);
      gradient.push_back(p == 0.0 ? limits.tiny
                                  : side.p_error[c] * (distance + 1.0) + p * (error[c] + sum) +
                                        unit * p * (std::abs(s[c]) + std::abs(mean)) + limits.tiny);
    }
  }
};

struct RowErrors {
  double loss = 0.0;
  std::vector<double> grad_p;
  std::vector<double> grad_q;
};

RowErrors errors_of(const DivergenceProblem& problem, const Side& p, const Side& q) {
  const Tolerance limits = tolerance(problem.p_logits.dtype);
  const std::size_t classes = p.p.size();
  std::vector<double> s(classes);
  std::vector<double> s_error(classes);
  for (std::size_t c = 0; c < classes; ++c) {
    const bool absent = std::isinf(p.log_p[c]) && std::isinf(q.log_p[c]);
    s[c] = absent ? 0.0 : p.log_p[c] - q.log_p[c];
    s_error[c] = p.log_error[c] + q.log_error[c];
  }
  if (problem.setting.op == DivergenceOp::kl) {
    const PartBounds part(p, q.p, q.p_error, s, s_error, limits);
    RowErrors errors{.loss = part.sum, .grad_p = part.gradient, .grad_q = {}};
    for (std::size_t c = 0; c < classes; ++c) errors.grad_q.push_back(p.p_error[c] + q.p_error[c]);
    return errors;
  }
  const double beta = problem.setting.beta;
  std::vector<double> m(classes);
  std::vector<double> m_error(classes);
  std::vector<double> p_over_m(classes);
  std::vector<double> q_over_m(classes);
  std::vector<double> ratio_error(classes);
  for (std::size_t c = 0; c < classes; ++c) {
    m[c] = beta * p.p[c] + (1.0 - beta) * q.p[c];
    m_error[c] = beta * p.p_error[c] + (1.0 - beta) * q.p_error[c] + kExpUnits * limits.unit * m[c];
    const double share = s[c] >= 0.0 ? 1.0 - beta : beta;
    const double larger = -std::log((1.0 - share) + share * std::exp(-std::abs(s[c])));
    const double smaller = larger - std::abs(s[c]);
    p_over_m[c] = p.p[c] == 0.0 ? 0.0 : s[c] >= 0.0 ? larger : smaller;
    q_over_m[c] = q.p[c] == 0.0 ? 0.0 : s[c] >= 0.0 ? smaller : larger;
    const double size = std::abs(p_over_m[c]) + std::abs(q_over_m[c]);
    ratio_error[c] = s_error[c] + kExpUnits * limits.unit * size;
  }
  const PartBounds of_p(p, m, m_error, p_over_m, ratio_error, limits);
  const PartBounds of_q(q, m, m_error, q_over_m, ratio_error, limits);
  RowErrors errors{.loss = beta * of_p.sum + (1.0 - beta) * of_q.sum, .grad_p = {}, .grad_q = {}};
  for (std::size_t c = 0; c < classes; ++c) {
    errors.grad_p.push_back(beta * of_p.gradient[c]);
    errors.grad_q.push_back((1.0 - beta) * of_q.gradient[c]);
  }
  return errors;
}

AssertionResult same_row(const char* name, const MatrixBuffer& got, const MatrixBuffer& want, std::int64_t r,
                         const std::vector<double>& errors, double scale) {
  for (std::int64_t c = 0; c < want.layout.classes; ++c) {
    const double error = errors.empty()
                             ? 0.0
                             : std::abs(scale) * errors[static_cast<std::size_t>(c)] +
                                   kExpUnits * tolerance(got.dtype).unit * std::abs(want.get(r, c));
    if (!close(name, got.get(r, c), want.get(r, c), error, got.dtype)) {
      return AssertionFailure() << name << " of row " << r << ", class " << c;
    }
  }
  return AssertionSuccess();
}

}  // namespace

std::vector<DivergenceSetting> divergence_settings() {
  return {
      {.name = "KL, mean"},
      {.name = "KL, none", .reduction = Reduction::none, .per_row_upstream = true, .scale = -0.5},
      {.name = "KL, sum, T = 2.5", .reduction = Reduction::sum, .temperature = 2.5, .scale = 6.25},
      {.name = "KL, none, T = 0.3", .reduction = Reduction::none, .temperature = 0.3},
      {.name = "JS, mean, denominator", .op = DivergenceOp::js, .denominator_at = true},
      {.name = "JS, none, β = 0.1",
       .op = DivergenceOp::js,
       .reduction = Reduction::none,
       .beta = 0.1,
       .per_row_upstream = true},
      {.name = "JS, none, T = 4, β = 0.999",
       .op = DivergenceOp::js,
       .reduction = Reduction::none,
       .temperature = 4.0,
       .beta = 0.999},
  };
}

DivergenceProblem::DivergenceProblem(const DivergenceSetting& setting_, DType dtype, Arrangement arrangement_,
                                     const Shape& shape_, std::uint64_t seed)
    : setting(setting_),
      shape(shape_),
      arrangement(arrangement_),
      p_logits(dtype, arrangement, shape.rows, shape.classes),
      q_logits(dtype, beside(arrangement), shape.rows, shape.classes),
      upstream_values(DType::f32, shape.rows, 2),
      denominator(DType::f64, 1) {
  Rng rng(seed);
  fill_logits(p_logits, rng);
  fill_logits(q_logits, rng);
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    upstream_values.set(r, rng.chance(0.2) ? 0.0 : rng.normal());
    const bool alike = rng.chance(0.4);  // the two differ by little
    for (std::int64_t c = 0; c < shape.classes; ++c) {
      if (alike) q_logits.set(r, c, p_logits.get(r, c) + 0.05 * rng.normal());
      // A class that q alone lacks makes KL infinite, which special values are for.
      if (std::isinf(q_logits.get(r, c))) p_logits.set(r, c, q_logits.get(r, c));
    }
  }
  denominator.set(0, 2.5);
}

DivergenceOptions DivergenceProblem::options() const {
  DivergenceOptions options{
      .temperature = setting.temperature, .beta = setting.beta, .reduction = setting.reduction};
  if (setting.denominator_at) options.denominator_at = denominator.view();
  return options;
}

Upstream DivergenceProblem::upstream() const {
  Upstream upstream{.scale = setting.scale};
  if (setting.per_row_upstream) upstream.values = upstream_values.view();
  return upstream;
}

void DivergenceProblem::run(const DivergenceOutputs& outputs, const Exec& exec) const {
  const auto function = setting.op == DivergenceOp::kl ? kl_divergence : js_divergence;
  function(p_logits.view(), q_logits.view(), outputs, options(), upstream(), exec);
}

std::string DivergenceProblem::describe() const {
  return std::string(setting.name) + ", " + xent::name(p_logits.dtype) + ", " + std::to_string(shape.rows) +
         " × " + std::to_string(shape.classes) + ", " + testing::name(arrangement);
}

DivergenceResults::DivergenceResults(const DivergenceProblem& problem)
    : loss(problem.setting.scale < 0.0 ? DType::f32 : DType::f64, problem.loss_size(), 2),
      grad_p(problem.p_logits.dtype, problem.arrangement, problem.shape.rows, problem.shape.classes),
      grad_q(problem.p_logits.dtype, beside(problem.arrangement), problem.shape.rows, problem.shape.classes) {
}

AssertionResult judge_divergence(const DivergenceProblem& problem, const DivergenceResults& got) {
  const std::int64_t rows = problem.shape.rows;
  const Layout packed = row_major(rows, problem.shape.classes);
  MatrixBuffer p(DType::f64, packed);
  MatrixBuffer q(DType::f64, packed);
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < problem.shape.classes; ++c) {
      p.set(r, c, problem.p_logits.get(r, c));
      q.set(r, c, problem.q_logits.get(r, c));
    }
  }
  VectorBuffer loss(DType::f64, problem.loss_size());
  VectorBuffer each(DType::f64, rows);
  MatrixBuffer grad_p(DType::f64, packed);
  MatrixBuffer grad_q(DType::f64, packed);
  const auto function = problem.setting.op == DivergenceOp::kl ? kl_divergence : js_divergence;
  const Exec exec{.device = Device::reference};
  function(std::as_const(p).view(), std::as_const(q).view(),
           {.loss = loss.view(), .grad_p = grad_p.view(), .grad_q = grad_q.view()}, problem.options(),
           problem.upstream(), exec);
  DivergenceOptions none = problem.options();
  none.reduction = Reduction::none;
  none.denominator_at = {};
  function(std::as_const(p).view(), std::as_const(q).view(), {.loss = each.view()}, none, {}, exec);

  const bool per_row = problem.setting.reduction == Reduction::none;
  double divisor = 1.0;
  if (problem.setting.reduction == Reduction::mean) {
    divisor = problem.setting.denominator_at ? problem.denominator.get(0) : static_cast<double>(rows);
  }
  double all = 0.0;
  for (std::int64_t r = 0; r < rows; ++r) {
    const Tolerance limits = tolerance(problem.p_logits.dtype);
    const Side p_side(p.row(r), problem.setting.temperature, limits);
    const Side q_side(q.row(r), problem.setting.temperature, limits);
    RowErrors errors;
    if (p_side.exists && q_side.exists) errors = errors_of(problem, p_side, q_side);
    const double value = problem.setting.per_row_upstream ? problem.upstream_values.get(r) : 1.0;
    const double scale = problem.setting.scale * value / (divisor * problem.setting.temperature);
    const double bound = errors.loss + kExpUnits * limits.unit * std::abs(each.get(r));
    all += bound;
    if (per_row && !close("divergence", got.loss.get(r), loss.get(r), bound, got.loss.dtype)) {
      return AssertionFailure() << "loss of row " << r;
    }
    if (auto ok = same_row("divergence, gradient of p", got.grad_p, grad_p, r, errors.grad_p, scale); !ok)
      return ok;
    if (auto ok = same_row("divergence, gradient of q", got.grad_q, grad_q, r, errors.grad_q, scale); !ok)
      return ok;
  }
  if (!per_row && !close("reduced divergence", got.loss.get(0), loss.get(0),
                         divisor == 0.0 ? 0.0 : all / divisor, got.loss.dtype)) {
    return AssertionFailure() << "reduced loss";
  }
  if (!got.loss.gaps_untouched() || !got.grad_p.gaps_untouched() || !got.grad_q.gaps_untouched()) {
    return AssertionFailure() << "wrote between the results";
  }
  return AssertionSuccess();
}

}  // namespace xent::testing
