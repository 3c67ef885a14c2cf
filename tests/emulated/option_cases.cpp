#include "tests/emulated/option_cases.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "tests/support/buffers.hpp"
#include "tests/support/rng.hpp"

namespace xent::testing {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

/// f32 arithmetic against double, over logits of a few tens and sums over tens of thousands of classes.
double tolerance_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return 1e-11;
    case DType::f32: return 2e-5;
    case DType::f16: return 2e-3;
    case DType::bf16: return 2e-2;
  }
  return 0.0;
}

/// Of one of a call's matrices: all have one shape, each its own strides.
Arrangement arrangement_of(const OptionShape& shape, std::uint64_t matrix) {
  if (shape.seed % 5 == 0) return matrix % 2 == 0 ? Arrangement::channels_first : Arrangement::spaced;
  return kArrangements[(shape.seed + matrix) % 5];
}

struct Inputs {
  Inputs(const OptionCase& posed, const OptionShape& shape)
      : options(posed.options),
        logits(shape.dtype, arrangement_of(shape, 0), shape.rows, shape.classes),
        probs(shape.dtype, arrangement_of(shape, 1), shape.rows, shape.classes),
        labels(LabelType::i32, shape.rows),
        weights(DType::f64, shape.classes),
        bias(DType::f32, shape.classes),
        denominator(DType::f32, 1),
        values(DType::f32, shape.rows),
        of_lse(DType::f64, shape.rows),
        of_log_prob(DType::f32, shape.rows),
        of_entropy(DType::f32, shape.rows) {
    Rng rng(shape.seed);
    const std::int64_t valid =
        options.transform.valid_classes == 0 ? shape.classes : options.transform.valid_classes;
    fill(rng, shape, valid, posed.ignores);
    if (posed.ignores) options.ignore_index = -1;
    if (posed.weights) options.class_weights = std::as_const(weights).view();
    if (posed.bias) options.transform.bias = std::as_const(bias).view();
    if (posed.denominator_at) options.denominator_at = std::as_const(denominator).view();
    if (posed.target == TargetKind::labels) target = labels.labels();
    if (posed.target == TargetKind::probs) target = std::as_const(probs).view();
    upstream.scale = 1.5;
    if (options.reduction == Reduction::none) upstream.values = std::as_const(values).view();
    if (!posed.upstream) return;
    upstream.lse = std::as_const(of_lse).view();
    upstream.entropy = std::as_const(of_entropy).view();
    if (posed.target != TargetKind::none) upstream.log_prob = std::as_const(of_log_prob).view();
  }

  LossOptions options;
  TargetView target{};
  Upstream upstream{};
  MatrixBuffer logits;
  MatrixBuffer probs;
  IndexBuffer labels;
  VectorBuffer weights;
  VectorBuffer bias;
  VectorBuffer denominator;
  VectorBuffer values;
  VectorBuffer of_lse;
  VectorBuffer of_log_prob;
  VectorBuffer of_entropy;

 private:
  void fill(Rng& rng, const OptionShape& shape, std::int64_t valid, bool ignores) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    for (std::int64_t r = 0; r < shape.rows; ++r) {
      // A third is sure of its label.
      const std::int64_t label = rng.below(valid);
      labels.set(r, ignores && r % 3 == 1 ? -1 : label);
      double sum = 0.0;
      std::vector<double> q(static_cast<std::size_t>(shape.classes));
      for (double& each : q) sum += each = rng.chance(0.3) ? rng.uniform() : 0.0;
      for (std::int64_t c = 0; c < shape.classes; ++c) {
        const double z = c % 7 == 3 && c != label ? -kInfinity : 3.0 * rng.normal();
        logits.set(r, c, c == label && r % 3 == 2 ? 30.0 : z);
        const bool absent = c >= valid || std::isinf(logits.get(r, c));
        probs.set(r, c, absent || sum == 0.0 ? 0.0 : q[static_cast<std::size_t>(c)] / sum);
      }
      for (std::int64_t c = valid; c < shape.classes; ++c) {
        logits.set(r, c, std::numeric_limits<double>::quiet_NaN());
      }
      for (VectorBuffer* each : {&values, &of_lse, &of_log_prob, &of_entropy}) each->set(r, rng.normal());
    }
    for (std::int64_t c = 0; c < shape.classes; ++c) {
      weights.set(c, rng.chance(0.1) ? 0.0 : rng.uniform(0.2, 2.0));
      bias.set(c, rng.normal());
    }
    denominator.set(0, 2.5);
  }
};

struct Results {
  explicit Results(const OptionShape& shape, const OptionCase& posed)
      : loss(DType::f64, posed.options.reduction == Reduction::none ? shape.rows : 1),
        row_loss(DType::f64, shape.rows),
        lse(DType::f64, shape.rows),
        log_prob(DType::f64, shape.rows),
        entropy(DType::f64, shape.rows),
        argmax(LabelType::i64, shape.rows),
        rank(LabelType::i64, shape.rows),
        grad(shape.dtype, arrangement_of(shape, 2), shape.rows, shape.classes),
        grad_targets(shape.dtype, arrangement_of(shape, 3), shape.rows, shape.classes) {}

  CrossEntropyOutputs views(TargetKind target) {
    CrossEntropyOutputs outputs{.loss = loss.view(),
                                .row_loss = row_loss.view(),
                                .lse = lse.view(),
                                .entropy = entropy.view(),
                                .argmax = argmax.view(),
                                .grad = grad.view(),
                                .valid_count = &counts[0],
                                .divisor = &divisor,
                                .top_k = 3};
    if (target != TargetKind::none) outputs.log_prob = log_prob.view();
    if (target == TargetKind::probs) outputs.grad_targets = grad_targets.view();
    if (target == TargetKind::labels) {
      outputs.target_rank = rank.view();
      outputs.correct_count = &counts[1];
      outputs.top_k_count = &counts[2];
    }
    return outputs;
  }

  VectorBuffer loss;
  VectorBuffer row_loss;
  VectorBuffer lse;
  VectorBuffer log_prob;
  VectorBuffer entropy;
  IndexBuffer argmax;
  IndexBuffer rank;
  MatrixBuffer grad;
  MatrixBuffer grad_targets;
  std::array<std::int64_t, 3> counts{-1, -1, -1};
  double divisor = -1.0;
};

AssertionResult near(const char* what, std::int64_t at, double got, double want, double bound) {
  if (got == want || (std::isnan(got) && std::isnan(want)) || std::abs(got - want) <= bound) {
    return AssertionSuccess();
  }
  return AssertionFailure() << what << "[" << at << "] is " << got << ", not " << want;
}

AssertionResult same(const char* what, const VectorBuffer& got, const VectorBuffer& want, double tolerance) {
  if (!got.gaps_untouched()) return AssertionFailure() << "wrote between " << what;
  for (std::int64_t i = 0; i < got.size; ++i) {
    const double bound = tolerance * (1.0 + std::abs(want.get(i)));
    if (auto ok = near(what, i, got.get(i), want.get(i), bound); !ok) return ok;
  }
  return AssertionSuccess();
}

AssertionResult same(const char* what, const IndexBuffer& got, const IndexBuffer& want) {
  for (std::int64_t i = 0; i < got.size; ++i) {
    if (got.get(i) != want.get(i)) {
      return AssertionFailure() << what << "[" << i << "] is " << got.get(i) << ", not " << want.get(i);
    }
  }
  return AssertionSuccess();
}

AssertionResult same(const char* what, const MatrixBuffer& got, const MatrixBuffer& want, double tolerance,
                     std::int64_t rows) {
  if (!got.gaps_untouched()) return AssertionFailure() << "wrote into the padding of " << what;
  for (std::int64_t r = 0; r < rows; ++r) {
    const std::vector<double> a = got.row(r);
    const std::vector<double> b = want.row(r);
    double largest = 0.0;
    for (const double g : b) largest = std::max(largest, std::abs(g));
    for (std::size_t c = 0; c < a.size(); ++c) {
      const double bound = tolerance * std::max(largest, 0.1);
      if (auto ok = near(what, static_cast<std::int64_t>(c), a[c], b[c], bound); !ok) {
        return ok << " in row " << r;
      }
    }
  }
  return AssertionSuccess();
}

AssertionResult judge_forward(const OptionShape& shape, const Results& got, const Results& want,
                              TargetKind target) {
  const double tolerance = tolerance_of(shape.dtype);
  // What is stored as f64 is as exact as its arithmetic.
  const double scalars = shape.dtype == DType::f64 ? tolerance : tolerance_of(DType::f32);
  AssertionResult ok = same("loss", got.loss, want.loss, scalars);
  if (ok) ok = same("row_loss", got.row_loss, want.row_loss, scalars);
  if (ok) ok = same("lse", got.lse, want.lse, scalars);
  if (ok && target != TargetKind::none) ok = same("log_prob", got.log_prob, want.log_prob, scalars);
  if (ok) ok = same("entropy", got.entropy, want.entropy, scalars);
  if (ok) ok = same("argmax", got.argmax, want.argmax);
  if (ok && target == TargetKind::labels) ok = same("target_rank", got.rank, want.rank);
  if (ok) ok = same("grad", got.grad, want.grad, tolerance, shape.rows);
  if (ok && target == TargetKind::probs) {
    ok = same("grad_targets", got.grad_targets, want.grad_targets, tolerance, shape.rows);
  }
  if (ok) ok = near("divisor", 0, got.divisor, want.divisor, 1e-12 * want.divisor);
  for (std::size_t i = 0; ok && i < got.counts.size(); ++i) {
    ok = near("counts", static_cast<std::int64_t>(i), static_cast<double>(got.counts[i]),
              static_cast<double>(want.counts[i]), 0.0);
  }
  return ok;
}

}  // namespace

OptionCase every_option(TargetKind target) {
  OptionCase all{
      .name = "all",
      .target = target,
      .options = {.z_loss = 0.01, .transform = {.logit_scale = 0.7, .temperature = 1.3, .softcap = 20.0}},
      .bias = true,
      .upstream = true};
  if (target == TargetKind::none) return all;
  all.weights = true;
  all.options.label_smoothing = 0.1;
  all.options.focal_gamma = 1.5;
  all.ignores = target == TargetKind::labels;
  return all;
}

std::vector<OptionCase> option_cases() {
  constexpr Reduction kNone = Reduction::none;
  constexpr TargetKind kSoft = TargetKind::probs;
  std::vector<OptionCase> cases{
      {.name = "plain"},
      {.name = "plain, smoothed", .options = {.reduction = kNone, .label_smoothing = 0.1}, .ignores = true},
      {.name = "denominator_at", .denominator_at = true},
      {.name = "weights", .ignores = true, .weights = true},
      {.name = "weights, over rows", .options = {.mean_over = MeanOver::valid_rows}, .weights = true},
      {.name = "weights, smoothed", .options = {.label_smoothing = 0.2}, .ignores = true, .weights = true},
      {.name = "focal", .options = {.reduction = kNone, .focal_gamma = 2.0}},
      {.name = "focal, smoothed", .options = {.label_smoothing = 0.1, .focal_gamma = 0.5}},
      {.name = "z loss", .options = {.reduction = Reduction::sum, .z_loss = 1e-2}},
      {.name = "scale", .options = {.transform = {.logit_scale = 0.3, .temperature = 2.0}}},
      {.name = "softcap", .options = {.transform = {.softcap = 15.0}}},
      {.name = "bias", .bias = true},
      {.name = "tail", .options = {.label_smoothing = 0.1, .transform = {.valid_classes = 1}}},
      {.name = "upstream", .options = {.reduction = kNone}, .upstream = true},
      {.name = "soft", .target = kSoft},
      {.name = "soft, smoothed", .target = kSoft, .options = {.label_smoothing = 0.3}},
      {.name = "soft, weights", .target = kSoft, .options = {.reduction = kNone}, .weights = true},
      {.name = "soft, focal", .target = kSoft, .options = {.focal_gamma = 2.0}, .upstream = true},
      {.name = "none", .target = TargetKind::none, .options = {.z_loss = 0.1}, .upstream = true},
  };
  for (const TargetKind target : {TargetKind::none, TargetKind::labels, TargetKind::probs}) {
    cases.push_back(every_option(target));
  }
  return cases;
}

AssertionResult judge_options(const OptionCase& posed, const OptionShape& shape, const Exec& exec) {
  OptionCase fitted = posed;
  if (posed.options.transform.valid_classes != 0) {
    fitted.options.transform.valid_classes = (shape.classes + 1) / 2;
  }
  const Inputs inputs(fitted, shape);
  const Exec judge{.device = Device::reference};
  Results got(shape, fitted);
  Results want(shape, fitted);
  const ConstMatrixView logits = inputs.logits.view();
  cross_entropy(logits, inputs.target, got.views(posed.target), inputs.options, inputs.upstream, exec);
  cross_entropy(logits, inputs.target, want.views(posed.target), inputs.options, inputs.upstream, judge);
  if (auto ok = judge_forward(shape, got, want, posed.target); !ok) return ok << ", " << posed.name;

  const ConstVectorView lse = std::as_const(want.lse).view();
  const auto grads = [&](Results& results) {
    return posed.target == TargetKind::probs
               ? CrossEntropyGrads(results.grad.view(), results.grad_targets.view())
               : CrossEntropyGrads(results.grad.view());
  };
  cross_entropy_backward(logits, inputs.target, lse, grads(got), inputs.options, inputs.upstream, exec);
  cross_entropy_backward(logits, inputs.target, lse, grads(want), inputs.options, inputs.upstream, judge);
  const double tolerance = tolerance_of(shape.dtype);
  AssertionResult ok = same("backward's grad", got.grad, want.grad, tolerance, shape.rows);
  if (ok && posed.target == TargetKind::probs) {
    ok = same("backward's grad_targets", got.grad_targets, want.grad_targets, tolerance, shape.rows);
  }
  return ok ? ok : ok << ", " << posed.name;
}

}  // namespace xent::testing
