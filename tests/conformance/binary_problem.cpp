// Drawing of binary problems; what the reference says of them, and how far from it an answer may be.
#include "tests/conformance/binary_problem.hpp"

#include <cmath>

#include "tests/support/bounds.hpp"
#include "tests/support/compare.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing {
namespace {

using ::testing::AssertionFailure;
using ::testing::AssertionResult;
using ::testing::AssertionSuccess;

double times(double a, double b) { return a == 0.0 || b == 0.0 ? 0.0 : a * b; }
double softplus(double x) { return std::fmax(x, 0.0) + std::log1p(std::exp(-std::abs(x))); }

/// Of one element, before it is stored.
struct ElementBounds {
  double loss;
  double grad;
  double grad_target;
};

ElementBounds bounds_of(const BinaryProblem& problem, std::int64_t r, std::int64_t c, double scale) {
  const Tolerance limits = tolerance(problem.logits.dtype);
  const double x = problem.logits.get(r, c);
  const double y = problem.targets.get(r, c);
  const double weight = problem.setting.class_weights ? std::abs(problem.class_weights.get(c)) : 1.0;
  const double positive = weight * (problem.setting.pos_weight ? std::abs(problem.pos_weight.get(c)) : 1.0);
  const double on_one = positive * std::abs(y);
  const double on_zero = weight * std::abs(1.0 - y);
  const double e = std::exp(-std::abs(x));
  const double e_error = e == 0.0 ? limits.tiny : e * limits.unit * gap_units() * std::abs(x) + limits.tiny;
  const double relative = kExpUnits * limits.unit;
  return {
      .loss = relative * (times(on_one, softplus(-x)) + times(on_zero, softplus(x))) +
              e_error * (on_one + on_zero),
      .grad = std::abs(scale) * (relative * (on_one * (x < 0.0 ? 1.0 : e) + on_zero * (x < 0.0 ? e : 1.0)) +
                                 e_error * (on_one + on_zero)),
      .grad_target =
          std::abs(scale) * (relative * (times(positive, softplus(-x)) + times(weight, softplus(x))) +
                             e_error * (positive + weight))};
}

AssertionResult failure(const char* name, std::int64_t r, std::int64_t c) {
  return AssertionFailure() << name << " of row " << r << ", class " << c;
}

}  // namespace

std::vector<BinarySetting> binary_settings() {
  return {
      {.name = "mean"},
      {.name = "none, upstream", .reduction = Reduction::none, .upstream_values = true, .scale = -0.5},
      {.name = "sum, weights", .reduction = Reduction::sum, .class_weights = true, .scale = 3.0},
      {.name = "none, all weights", .reduction = Reduction::none, .class_weights = true, .pos_weight = true},
      {.name = "mean, all",
       .class_weights = true,
       .pos_weight = true,
       .upstream_value = true,
       .denominator_at = true},
  };
}

BinaryProblem::BinaryProblem(const BinarySetting& setting_, DType dtype, Arrangement arrangement_,
                             const Shape& shape_, std::uint64_t seed)
    : setting(setting_),
      shape(shape_),
      arrangement(arrangement_),
      logits(dtype, arrangement, shape.rows, shape.classes),
      targets(dtype, beside(arrangement), shape.rows, shape.classes),
      upstream_values(dtype, arrangement, shape.rows, shape.classes),
      class_weights(seed % 2 == 0 ? DType::f32 : DType::f64, shape.classes,
                    1 + static_cast<std::int64_t>(seed % 3)),
      pos_weight(seed % 2 == 0 ? DType::f64 : DType::f32, shape.classes),
      numbers(DType::f32, 2) {
  Rng rng(seed);
  fill_gradients(upstream_values, rng);
  for (std::int64_t r = 0; r < shape.rows; ++r) {
    for (std::int64_t c = 0; c < shape.classes; ++c) {
      logits.set(r, c, (rng.chance(0.1) ? 30.0 : 3.0) * rng.normal());
      targets.set(r, c, rng.chance(0.6) ? static_cast<double>(rng.below(2)) : rng.uniform());
    }
  }
  for (std::int64_t c = 0; c < shape.classes; ++c) {
    class_weights.set(c, rng.chance(0.2) ? 0.0 : rng.uniform(0.1, 3.0));
    pos_weight.set(c, rng.uniform(0.0, 20.0));
  }
  numbers.set(0, 0.75);
  numbers.set(1, 2.5);
}

BinaryCrossEntropyOptions BinaryProblem::options() const {
  BinaryCrossEntropyOptions options{.reduction = setting.reduction};
  if (setting.class_weights) options.class_weights = class_weights.view();
  if (setting.pos_weight) options.pos_weight = pos_weight.view();
  const float* const both = static_cast<const float*>(numbers.view().data);
  if (setting.denominator_at) options.denominator_at = vector(both + 1, 1);
  return options;
}

BinaryCrossEntropyUpstream BinaryProblem::upstream() const {
  BinaryCrossEntropyUpstream upstream{.scale = setting.scale};
  if (setting.upstream_values) upstream.values = upstream_values.view();
  if (setting.upstream_value) upstream.value = vector(static_cast<const float*>(numbers.view().data), 1);
  return upstream;
}

std::string BinaryProblem::describe() const {
  return std::string(setting.name) + ", " + xent::name(logits.dtype) + ", " + std::to_string(shape.rows) +
         " × " + std::to_string(shape.classes) + ", " + testing::name(arrangement);
}

BinaryOutputs::BinaryOutputs(const BinaryProblem& problem)
    : reduced(problem.setting.reduction != Reduction::none),
      losses(problem.logits.dtype, problem.arrangement, problem.shape.rows, problem.shape.classes),
      loss(problem.setting.scale < 0.0 ? DType::f32 : DType::f64, 1),
      grad(problem.logits.dtype, problem.arrangement, problem.shape.rows, problem.shape.classes),
      grad_targets(problem.logits.dtype, beside(problem.arrangement), problem.shape.rows,
                   problem.shape.classes) {}

BinaryCrossEntropyOutputs BinaryOutputs::views() {
  BinaryCrossEntropyOutputs views{.grad = grad.view(), .grad_targets = grad_targets.view()};
  if (reduced) {
    views.loss = loss.view();
  } else {
    views.losses = losses.view();
  }
  return views;
}

AssertionResult judge_binary_cross_entropy(const BinaryProblem& problem, const BinaryOutputs& got) {
  const Exec reference{.device = Device::reference};
  const Layout packed = row_major(problem.shape.rows, problem.shape.classes);
  MatrixBuffer logits(DType::f64, packed);
  MatrixBuffer targets(DType::f64, packed);
  MatrixBuffer values(DType::f64, packed);
  for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
    for (std::int64_t c = 0; c < problem.shape.classes; ++c) {
      logits.set(r, c, problem.logits.get(r, c));
      targets.set(r, c, problem.targets.get(r, c));
      values.set(r, c, problem.upstream_values.get(r, c));
    }
  }
  MatrixBuffer losses(DType::f64, packed);
  MatrixBuffer grad(DType::f64, packed);
  MatrixBuffer grad_targets(DType::f64, packed);
  VectorBuffer loss(DType::f64, 1);
  BinaryCrossEntropyUpstream upstream = problem.upstream();
  if (problem.setting.upstream_values) upstream.values = std::as_const(values).view();
  BinaryCrossEntropyOutputs gradients{.grad = grad.view(), .grad_targets = grad_targets.view()};
  if (got.reduced) gradients.loss = loss.view();
  binary_cross_entropy(std::as_const(logits).view(), std::as_const(targets).view(), gradients,
                       problem.options(), upstream, reference);
  BinaryCrossEntropyOptions each = problem.options();
  each.reduction = Reduction::none;
  each.denominator_at = {};
  binary_cross_entropy(std::as_const(logits).view(), std::as_const(targets).view(), {.losses = losses.view()},
                       each, {}, reference);

  double divisor = 1.0;
  if (problem.setting.reduction == Reduction::mean) {
    divisor = problem.setting.denominator_at
                  ? problem.numbers.get(1)
                  : static_cast<double>(problem.shape.rows * problem.shape.classes);
  }
  const double shared =
      problem.setting.scale * (problem.setting.upstream_value ? problem.numbers.get(0) : 1.0) / divisor;
  double loss_bound = 0.0;
  for (std::int64_t r = 0; r < problem.shape.rows; ++r) {
    for (std::int64_t c = 0; c < problem.shape.classes; ++c) {
      const double scale = problem.setting.upstream_values ? shared * values.get(r, c) : shared;
      const ElementBounds bounds = bounds_of(problem, r, c, scale);
      loss_bound += bounds.loss + 0x1p-45 * std::abs(losses.get(r, c));
      const DType dtype = problem.logits.dtype;
      if (!got.reduced && !close("binary loss", got.losses.get(r, c), losses.get(r, c), bounds.loss, dtype)) {
        return failure("loss", r, c);
      }
      if (!close("binary gradient", got.grad.get(r, c), grad.get(r, c), bounds.grad, dtype)) {
        return failure("gradient", r, c);
      }
      if (!close("targets' gradient", got.grad_targets.get(r, c), grad_targets.get(r, c), bounds.grad_target,
                 dtype)) {
        return failure("targets' gradient", r, c);
      }
    }
  }
  if (got.reduced && !close("reduced binary loss", got.loss.get(0), loss.get(0),
                            divisor == 0.0 ? 0.0 : loss_bound / divisor, got.loss.dtype)) {
    return AssertionFailure() << "reduced loss";
  }
  if (!got.losses.gaps_untouched() || !got.grad.gaps_untouched() || !got.grad_targets.gaps_untouched()) {
    return AssertionFailure() << "wrote into a matrix's padding";
  }
  return AssertionSuccess();
}

}  // namespace xent::testing
