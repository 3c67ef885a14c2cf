#include "tests/conformance/family/judge.hpp"

#include <cmath>

#include "host/reference/cross_entropy.hpp"
#include "host/reference/reduction.hpp"
#include "host/reference/target.hpp"
#include "host/reference/transform.hpp"
#include "tests/conformance/family/ranks.hpp"
#include "tests/conformance/family/row_errors.hpp"
#include "tests/support/compare.hpp"

namespace xent::testing::family {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

AssertionResult near(const char* name, double got, double want, double bound, DType stored) {
  if ((std::isinf(bound) && !std::isnan(want)) || close(name, got, want, bound, stored))
    return AssertionSuccess();
  return AssertionFailure() << name << " is " << got << ", not " << want << " (± " << bound << ")";
}

AssertionResult near_row(const char* name, const MatrixBuffer& got, const MatrixBuffer& want, std::int64_t r,
                         const std::vector<double>& bounds) {
  const std::vector<double> row = got.row(r);
  const std::vector<double> wanted = want.row(r);
  for (std::size_t c = 0; c < row.size(); ++c) {
    if (auto ok = near(name, row[c], wanted[c], bounds[c], got.dtype); !ok) {
      return ok << " in row " << r << ", class " << c;
    }
  }
  return AssertionSuccess();
}

MatrixBuffer doubles_like(const MatrixBuffer& matrix) {
  return {DType::f64, channels_first(matrix.layout.outer, matrix.layout.classes, matrix.layout.inner)};
}

MatrixView given(const Inputs& inputs, MatrixBuffer& grad_targets) {
  return inputs.posed.target == TargetKind::probs ? grad_targets.view() : MatrixView{};
}

/// What the reference says of all there is.
struct Wanted {
  explicit Wanted(const Inputs& inputs)
      : loss(DType::f64, inputs.posed.loss_size()),
        row_loss(DType::f64, inputs.posed.rows),
        lse(DType::f64, inputs.posed.rows),
        log_prob(DType::f64, inputs.posed.rows),
        entropy(DType::f64, inputs.posed.rows),
        argmax(LabelType::i64, inputs.posed.rows),
        target_rank(LabelType::i64, inputs.posed.rows),
        grad(doubles_like(inputs.logits)),
        grad_targets(doubles_like(inputs.soft)) {
    reference::cross_entropy(inputs.logits.view(), inputs.target(),
                             {.loss = loss.view(),
                              .row_loss = row_loss.view(),
                              .lse = lse.view(),
                              .log_prob = log_prob.view(),
                              .entropy = entropy.view(),
                              .argmax = argmax.view(),
                              .target_rank = target_rank.view(),
                              .grad = grad.view(),
                              .grad_targets = given(inputs, grad_targets),
                              .correct_count = &correct,
                              .top_k_count = &top_k,
                              .valid_count = &valid,
                              .divisor = &divisor,
                              .top_k = inputs.posed.top_k},
                             inputs.options(), inputs.upstream());
  }

  VectorBuffer loss;
  VectorBuffer row_loss;
  VectorBuffer lse;
  VectorBuffer log_prob;
  VectorBuffer entropy;
  IndexBuffer argmax;
  IndexBuffer target_rank;
  MatrixBuffer grad;
  MatrixBuffer grad_targets;
  std::int64_t correct = 0;
  std::int64_t top_k = 0;
  std::int64_t valid = 0;
  double divisor = 0.0;
};

/// The inputs row by row.
class Rows {
 public:
  explicit Rows(const Inputs& inputs)
      : inputs_(inputs),
        options_(inputs.options()),
        upstream_(inputs.upstream()),
        counts_(reference::count_rows(inputs.target(), inputs.posed.rows, options_)) {}

  bool ignored(std::int64_t r) const {
    return inputs_.posed.target == TargetKind::labels &&
           !reference::is_valid(inputs_.labels.get(r), options_);
  }
  RowQuestion question(std::int64_t r) const {
    RowQuestion row{
        .x = inputs_.logits.row(r), .options = options_, .tolerance = tolerance(inputs_.posed.dtype)};
    if (inputs_.posed.target == TargetKind::labels) row.label = inputs_.labels.get(r);
    row.target = reference::row_target(inputs_.target(), r, reference::transformed(row.x, options_.transform),
                                       options_);
    row.upstream = {.loss = reference::row_weight(r, counts_, options_, upstream_),
                    .lse = upstream_.scale * reference::element_or(upstream_.lse, r, 0.0),
                    .log_prob = upstream_.scale * reference::element_or(upstream_.log_prob, r, 0.0),
                    .entropy = upstream_.scale * reference::element_or(upstream_.entropy, r, 0.0)};
    return row;
  }
  /// Errors of an ignored row are none.
  RowErrors exact() const {
    const auto classes = static_cast<std::size_t>(inputs_.posed.classes);
    return {.grad = std::vector<double>(classes, 0.0), .grad_targets = std::vector<double>(classes, 0.0)};
  }
  /// What the reduced loss was divided by.
  double divisor() const {
    if (options_.reduction != Reduction::mean) return 1.0;
    if (options_.denominator) return *options_.denominator;
    return reference::element_or(options_.denominator_at, 0, counts_.divisor);
  }

 private:
  const Inputs& inputs_;
  LossOptions options_;
  Upstream upstream_;
  reference::RowCounts counts_;
};

AssertionResult within(const char* name, std::int64_t got, const Ranks& allowed) {
  if (got >= allowed.least && got <= allowed.most) return AssertionSuccess();
  return AssertionFailure() << name << " is " << got << ", not " << allowed.least << " to " << allowed.most;
}

/// Adds up what rows leave open.
struct Totals {
  double loss_error = 0.0;
  double loss_size = 0.0;
  Ranks correct{};
  Ranks top_k{};
};

std::int64_t stored(std::int64_t index, LabelType type) {
  return index < 0 && type == LabelType::u8 ? 255 : index;
}

AssertionResult judge_row(const Inputs& inputs, const Rows& rows, const Outputs& got, const Wanted& want,
                          std::int64_t r, Totals& totals) {
  const Case& posed = inputs.posed;
  const bool ignored = rows.ignored(r);
  const RowErrors errors = ignored ? rows.exact() : row_errors(rows.question(r));
  const auto number = [&](Output output, const char* name, const VectorBuffer& got_one,
                          const VectorBuffer& want_one, double error) {
    return posed.has(output) ? near(name, got_one.get(r), want_one.get(r), error, got_one.dtype)
                             : AssertionSuccess();
  };
  if (auto ok = number(kRowLoss, "row_loss", got.row_loss, want.row_loss, errors.loss); !ok)
    return ok << ", row " << r;
  if (auto ok = number(kLse, "lse", got.lse, want.lse, errors.lse); !ok) return ok << ", row " << r;
  if (auto ok = number(kLogProb, "log_prob", got.log_prob, want.log_prob, errors.log_prob); !ok)
    return ok << ", row " << r;
  if (auto ok = number(kEntropy, "entropy", got.entropy, want.entropy, errors.entropy); !ok)
    return ok << ", row " << r;
  if (posed.reduction == Reduction::none) {
    if (auto ok = number(kLoss, "loss", got.loss, want.loss, errors.loss); !ok) return ok << ", row " << r;
  }
  totals.loss_error += errors.loss;
  totals.loss_size += std::abs(want.row_loss.get(r));

  const std::int64_t argmax = want.argmax.get(r);
  if (posed.has(kArgmax) && got.argmax.get(r) != stored(argmax, got.argmax.type) &&
      !may_be_argmax(errors, got.argmax.get(r), argmax)) {
    return AssertionFailure() << "argmax is " << got.argmax.get(r) << ", not " << argmax << ", row " << r;
  }
  const std::int64_t label = posed.target == TargetKind::labels && !ignored ? inputs.labels.get(r) : -1;
  const std::int64_t rank = want.target_rank.get(r);
  const Ranks allowed = ignored ? Ranks{-1, -1} : ranks(errors, label, rank);
  if (posed.has(kTargetRank) && got.target_rank.get(r) != stored(rank, got.target_rank.type)) {
    if (auto ok = within("target_rank", got.target_rank.get(r), allowed); !ok) return ok << ", row " << r;
  }
  if (label >= 0) {
    const bool surely = errors.dz.empty() || rank < 0 || allowed.most == allowed.least;
    totals.correct.least += argmax == label && surely ? 1 : 0;
    totals.correct.most += argmax == label || (!surely && allowed.least == 0) ? 1 : 0;
    totals.top_k.least += rank >= 0 && allowed.most < posed.top_k ? 1 : 0;
    totals.top_k.most += rank >= 0 && allowed.least < posed.top_k ? 1 : 0;
  }
  if (posed.has(kGrad)) {
    if (auto ok = near_row("gradient", got.grad, want.grad, r, errors.grad); !ok) return ok;
  }
  if (posed.has(kGradTargets)) {
    if (auto ok =
            near_row("gradient of targets", got.grad_targets, want.grad_targets, r, errors.grad_targets);
        !ok) {
      return ok;
    }
  }
  return AssertionSuccess();
}

AssertionResult judge_totals(const Inputs& inputs, const Rows& rows, const Outputs& got, const Wanted& want,
                             const Totals& totals) {
  const Case& posed = inputs.posed;
  const auto terms = static_cast<double>(posed.rows);
  if (posed.has(kLoss) && posed.reduction != Reduction::none) {
    const double d = rows.divisor();
    const double error = totals.loss_error + terms * 0x1p-52 * totals.loss_size;
    if (auto ok = near("reduced loss", got.loss.get(0), want.loss.get(0), d == 0.0 ? 0.0 : error / d,
                       got.loss.dtype);
        !ok) {
      return ok;
    }
  }
  if (posed.has(kDivisor)) {
    const double error = terms * 0x1p-52 * want.divisor;
    if (auto ok = near("divisor", got.divisor.get(0), want.divisor, error, DType::f64); !ok) return ok;
  }
  if (posed.has(kCorrectCount)) {
    if (auto ok = within("correct_count", got.correct, totals.correct); !ok) return ok;
  }
  if (posed.has(kTopKCount)) {
    if (auto ok = within("top_k_count", got.top_k, totals.top_k); !ok) return ok;
  }
  return posed.has(kValidCount) ? within("valid_count", got.valid, {want.valid, want.valid})
                                : AssertionSuccess();
}

}  // namespace

AssertionResult judge(const Inputs& inputs, const Outputs& got) {
  const Wanted want(inputs);
  const Rows rows(inputs);
  Totals totals;
  for (std::int64_t r = 0; r < inputs.posed.rows; ++r) {
    if (auto ok = judge_row(inputs, rows, got, want, r, totals); !ok) return ok;
  }
  if (auto ok = judge_totals(inputs, rows, got, want, totals); !ok) return ok;
  if (!got.gaps_untouched()) return AssertionFailure() << "wrote between an output's elements";
  return AssertionSuccess();
}

AssertionResult judge_backward(const Inputs& inputs, const VectorBuffer& lse, const Outputs& got) {
  MatrixBuffer grad = doubles_like(inputs.logits);
  MatrixBuffer grad_targets = doubles_like(inputs.soft);
  reference::cross_entropy_backward(inputs.logits.view(), inputs.target(), lse.view(),
                                    {grad.view(), given(inputs, grad_targets)}, inputs.options(),
                                    inputs.upstream());
  const Rows rows(inputs);
  for (std::int64_t r = 0; r < inputs.posed.rows; ++r) {
    const double row_lse = lse.get(r);
    if (std::isinf(row_lse)) continue;  // beyond the type it was saved in
    const RowErrors errors =
        rows.ignored(r) ? rows.exact() : row_errors(rows.question(r), row_lse, tolerance(lse.dtype).unit);
    if (errors.lost && std::isfinite(row_lse)) continue;
    if (auto ok = near_row("gradient from lse", got.grad, grad, r, errors.grad); !ok) return ok;
    if (inputs.posed.target != TargetKind::probs) continue;
    if (auto ok =
            near_row("gradient of targets from lse", got.grad_targets, grad_targets, r, errors.grad_targets);
        !ok) {
      return ok;
    }
  }
  if (!got.gaps_untouched()) return AssertionFailure() << "wrote between a gradient's elements";
  return AssertionSuccess();
}

}  // namespace xent::testing::family
