// What the reference says, and how far from it an answer may be.
#include "tests/conformance/judge.hpp"

#include <cmath>
#include <vector>

#include "host/reference/cross_entropy.hpp"
#include "host/reference/reduction.hpp"
#include "host/reference/softmax.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/compare.hpp"

namespace xent::testing {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

/// The same shape, in double, packed.
MatrixBuffer doubles_like(const MatrixBuffer& matrix) {
  return {DType::f64, channels_first(matrix.layout.outer, matrix.layout.classes, matrix.layout.inner)};
}

AssertionResult same_row(const char* name, const MatrixBuffer& got, std::int64_t r,
                         const std::vector<double>& want, const std::vector<double>& bound) {
  const std::vector<double> row = got.row(r);
  for (std::size_t c = 0; c < want.size(); ++c) {
    if (!close(name, row[c], want[c], bound[c], got.dtype)) {
      return AssertionFailure() << name << " of row " << r << ", class " << c;
    }
  }
  return AssertionSuccess();
}

AssertionResult same_number(const char* name, const VectorBuffer& got, std::int64_t i, double want,
                            double bound) {
  if (close(name, got.get(i), want, bound, got.dtype)) return AssertionSuccess();
  return AssertionFailure() << name << "[" << i << "]";
}

/// Bounds of one row's gradient weight · (p - q), where `prob` bounds p and `others` the target's 1 - p.
template <class Prob>
std::vector<double> grad_bounds(const LossProblem& problem, std::int64_t r, const Prob& prob, double others,
                                double weight) {
  const auto classes = static_cast<std::size_t>(problem.shape.classes);
  const double n = static_cast<double>(classes);
  // Away from the target q is smoothing / n; forming and subtracting it costs a few roundings of it.
  const double units = kExpUnits * tolerance(problem.logits.dtype).unit + reference_sum_error(n);
  const double q_error = units * problem.options.label_smoothing / n;
  std::vector<double> bounds(classes);
  for (std::size_t c = 0; c < classes; ++c) bounds[c] = std::abs(weight) * (prob(c) + q_error);
  bounds[static_cast<std::size_t>(problem.labels.get(r))] = std::abs(weight) * (others + n * q_error);
  return bounds;
}

bool ignored(const LossProblem& problem, std::int64_t r) {
  return !reference::is_valid(problem.labels.get(r), problem.options);
}

struct Expected {
  explicit Expected(const LossProblem& problem)
      : row_loss(DType::f64, problem.shape.rows),
        loss(DType::f64, problem.loss_size()),
        lse(DType::f64, problem.shape.rows),
        argmax(LabelType::i64, problem.shape.rows),
        grad(doubles_like(problem.logits)) {
    const LabelView labels = problem.labels.labels();
    const ConstMatrixView logits = problem.logits.view();
    reference::cross_entropy(logits, labels,
                             {.loss = loss.view(),
                              .lse = lse.view(),
                              .argmax = argmax.view(),
                              .grad = grad.view(),
                              .correct_count = &correct,
                              .valid_count = &valid},
                             problem.options, problem.upstream());
    LossOptions each = problem.options;
    each.reduction = Reduction::none;
    each.denominator.reset();
    reference::cross_entropy(logits, labels, {.loss = row_loss.view()}, each);
  }

  static reference::RowCounts counts(const LossProblem& problem) {
    return reference::count_rows(problem.labels.labels(), problem.shape.rows, problem.options);
  }

  VectorBuffer row_loss;
  VectorBuffer loss;
  VectorBuffer lse;
  IndexBuffer argmax;
  MatrixBuffer grad;
  std::int64_t correct = 0;
  std::int64_t valid = 0;
};

/// Bounds of one row's gradient from a given lse, which is taken as exact.
std::vector<double> backward_bounds(const LossProblem& problem, std::int64_t r, const VectorBuffer& lse,
                                    double weight) {
  const Tolerance limits = tolerance(problem.logits.dtype);
  const std::vector<double> z = problem.logits.row(r);
  const double row_lse = lse.get(r);
  const auto prob = [&](std::size_t c) {
    const double log_p = z[c] - row_lse;
    return std::isinf(log_p)
               ? 0.0
               : std::exp(log_p) * limits.unit * (kExpUnits + (gap_units() + 0.75) * std::abs(log_p)) +
                     limits.tiny;
  };
  double others = 0.0;
  double others_error = 0.0;
  for (std::size_t c = 0; c < z.size(); ++c) {
    if (static_cast<std::int64_t>(c) == problem.labels.get(r)) continue;
    others += std::exp(z[c] - row_lse);
    others_error += prob(c);
  }
  // An lse that was rounded leaves Σ p off 1 by |lse|·rounding. Whether the target's gradient is taken
  // from the others or, where they are no small number, from 1 - p then makes that difference.
  const double off_one = std::abs(row_lse) * (tolerance(lse.dtype).unit + limits.unit);
  return grad_bounds(
      problem, r, prob,
      others_error + (kLseUnits * off_one + reference_sum_error(static_cast<double>(z.size()))) * others,
      weight);
}

AssertionResult judge_gaps(const LossOutputs& got) {
  if (!got.loss.gaps_untouched()) return AssertionFailure() << "wrote between the losses";
  if (!got.lse.gaps_untouched()) return AssertionFailure() << "wrote between the lse";
  if (!got.argmax.gaps_untouched()) return AssertionFailure() << "wrote between the argmax";
  if (!got.grad.gaps_untouched()) return AssertionFailure() << "wrote into the gradient's padding";
  return AssertionSuccess();
}

/// Everything of one row but a reduced loss. Ignored rows are exact.
AssertionResult judge_row(const LossProblem& problem, const LossOutputs& got, const Expected& want,
                          std::int64_t r, const RowBounds& bounds) {
  const bool skip = ignored(problem, r);
  if (problem.options.reduction == Reduction::none) {
    const double bound = skip ? 0.0 : bounds.loss(want.row_loss.get(r));
    if (auto ok = same_number("loss", got.loss, r, want.loss.get(r), bound); !ok) return ok;
  }
  if (auto ok = same_number("lse", got.lse, r, want.lse.get(r), skip ? 0.0 : bounds.lse()); !ok) return ok;
  const std::int64_t argmax = skip && got.argmax.type == LabelType::u8 ? 255 : want.argmax.get(r);
  if (got.argmax.get(r) != argmax) {
    return AssertionFailure() << "argmax[" << r << "] is " << got.argmax.get(r) << ", not " << argmax;
  }
  std::vector<double> grad_bound(static_cast<std::size_t>(problem.shape.classes), 0.0);
  if (!skip) {
    const double weight = reference::row_weight(r, want.counts(problem), problem.options, problem.upstream());
    const double others = bounds.others(static_cast<std::size_t>(problem.labels.get(r)));
    grad_bound = grad_bounds(
        problem, r, [&](std::size_t c) { return bounds.prob(c); }, others, weight);
  }
  return same_row("gradient", got.grad, r, want.grad.row(r), grad_bound);
}

/// The sum or mean may be as wrong as its rows together.
AssertionResult judge_reduced_loss(const LossProblem& problem, const LossOutputs& got, const Expected& want,
                                   double row_bounds) {
  const LossOptions& options = problem.options;
  const double d = options.reduction == Reduction::sum
                       ? 1.0
                       : options.denominator.value_or(static_cast<double>(want.valid));
  return same_number("reduced loss", got.loss, 0, want.loss.get(0), want.valid == 0 ? 0.0 : row_bounds / d);
}

}  // namespace

AssertionResult judge_cross_entropy(const LossProblem& problem, const LossOutputs& got) {
  const Expected want(problem);
  double loss_bound = 0.0;
  for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
    const RowBounds bounds(ignored(problem, r) ? std::vector<double>{0.0} : problem.logits.row(r),
                           tolerance(problem.logits.dtype));
    loss_bound += bounds.loss(want.row_loss.get(r));
    if (auto ok = judge_row(problem, got, want, r, bounds); !ok) return ok;
  }
  if (problem.options.reduction != Reduction::none) {
    if (auto ok = judge_reduced_loss(problem, got, want, loss_bound); !ok) return ok;
  }
  if (got.correct != want.correct) {
    return AssertionFailure() << "correct_count is " << got.correct << ", not " << want.correct;
  }
  if (got.valid != want.valid) {
    return AssertionFailure() << "valid_count is " << got.valid << ", not " << want.valid;
  }
  return judge_gaps(got);
}

AssertionResult judge_cross_entropy_backward(const LossProblem& problem, const VectorBuffer& lse,
                                             const MatrixBuffer& grad) {
  MatrixBuffer want = doubles_like(problem.logits);
  reference::cross_entropy_backward(problem.logits.view(), problem.labels.labels(), lse.view(), want.view(),
                                    problem.options, problem.upstream());
  const reference::RowCounts counts =
      reference::count_rows(problem.labels.labels(), problem.shape.rows, problem.options);
  for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
    std::vector<double> bounds(static_cast<std::size_t>(problem.shape.classes), 0.0);
    if (!ignored(problem, r)) {
      bounds = backward_bounds(problem, r, lse,
                               reference::row_weight(r, counts, problem.options, problem.upstream()));
    }
    if (auto ok = same_row("gradient from lse", grad, r, want.row(r), bounds); !ok) return ok;
  }
  if (!grad.gaps_untouched()) return AssertionFailure() << "wrote into the gradient's padding";
  return AssertionSuccess();
}

AssertionResult judge_softmax(SoftmaxOp op, const MatrixBuffer& logits, const MatrixBuffer& got) {
  MatrixBuffer want = doubles_like(logits);
  const bool log = op == SoftmaxOp::log_softmax;
  (log ? reference::log_softmax : reference::softmax)(logits.view(), want.view());
  for (std::int64_t r = 0; r < logits.layout.rows(); ++r) {
    const RowBounds row(logits.row(r), tolerance(logits.dtype));
    std::vector<double> bounds;
    for (std::size_t c = 0; c < static_cast<std::size_t>(logits.layout.classes); ++c) {
      bounds.push_back(log ? row.log_prob(c) : row.prob(c));
    }
    if (auto ok = same_row(log ? "log_softmax" : "softmax", got, r, want.row(r), bounds); !ok) return ok;
  }
  if (!got.gaps_untouched()) return AssertionFailure() << "wrote into the output's padding";
  return AssertionSuccess();
}

AssertionResult judge_softmax_backward(SoftmaxOp op, const MatrixBuffer& saved, const MatrixBuffer& upstream,
                                       const MatrixBuffer& got) {
  MatrixBuffer want = doubles_like(saved);
  const bool log = op == SoftmaxOp::log_softmax;
  (log ? reference::log_softmax_backward : reference::softmax_backward)(saved.view(), upstream.view(),
                                                                        want.view());
  const double unit = tolerance(saved.dtype).unit;
  const double sum_units = reference_sum_error(static_cast<double>(saved.layout.classes)) / unit;
  for (std::int64_t r = 0; r < saved.layout.rows(); ++r) {
    const std::vector<double> y = saved.row(r);
    const std::vector<double> g = upstream.row(r);
    double magnitude = 0.0;  // of the terms of the row's sum
    for (std::size_t c = 0; c < y.size(); ++c) magnitude += std::abs(g[c]) * (log ? 1.0 : y[c]);
    std::vector<double> bounds;
    for (std::size_t c = 0; c < y.size(); ++c) {
      const double p = log ? std::exp(y[c]) : y[c];
      const double growth = log && p > 0.0 ? std::abs(y[c]) : 0.0;
      bounds.push_back(
          unit * ((log ? 1.0 : 2.0 * p) * std::abs(g[c]) + (kExpUnits + growth + sum_units) * p * magnitude) +
          tolerance(saved.dtype).tiny * (1.0 + magnitude));
    }
    const char* name = log ? "log_softmax_backward" : "softmax_backward";
    if (auto ok = same_row(name, got, r, want.row(r), bounds); !ok) return ok;
  }
  if (!got.gaps_untouched()) return AssertionFailure() << "wrote into the gradient's padding";
  return AssertionSuccess();
}

}  // namespace xent::testing
