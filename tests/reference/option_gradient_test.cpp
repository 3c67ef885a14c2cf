// The gradients of the whole cross-entropy family against finite differences, over random crossings of all
// options: of Σ g·loss + g_lse·lse + g_log_prob·log_prob + g_entropy·entropy for the logits, and for soft
// targets.
#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "host/reference/cross_entropy.hpp"
#include "host/reference/reduction.hpp"
#include "tests/conformance/family/inputs.hpp"

namespace xent::reference {
namespace {

using namespace xent::testing;          // NOLINT(google-build-using-namespace)
using namespace xent::testing::family;  // NOLINT(google-build-using-namespace)

constexpr std::uint64_t kCases = 600;

Case draw_smooth(std::uint64_t seed) {
  Case posed = draw(seed, 7);
  posed.rows = 1 + posed.rows % 4;
  posed.dtype = DType::f64;
  posed.plain_vectors = true;
  posed.style = seed % 5 == 0 ? RowStyle::masked : RowStyle::moderate;
  posed.outputs = kGrad | kGradTargets;
  posed.in_place = false;
  return settled(posed);
}

/// What upstream gradients are the gradients of, scale and all.
double objective(const Inputs& inputs) {
  const std::int64_t rows = inputs.posed.rows;
  VectorBuffer loss(DType::f64, inputs.posed.loss_size());
  VectorBuffer lse(DType::f64, rows);
  VectorBuffer log_prob(DType::f64, rows);
  VectorBuffer entropy(DType::f64, rows);
  reference::cross_entropy(
      inputs.logits.view(), inputs.target(),
      {.loss = loss.view(), .lse = lse.view(), .log_prob = log_prob.view(), .entropy = entropy.view()},
      inputs.options());
  const Upstream upstream = inputs.upstream();
  double sum = 0.0;
  const auto add = [&sum](const VectorBuffer& values, const ConstVectorView& weights, double without) {
    for (std::int64_t i = 0; i < values.size; ++i) {
      const double weight = element_or(weights, i, without);
      if (weight != 0.0) sum += weight * values.get(i);
    }
  };
  add(loss, upstream.values, 1.0);
  add(lse, upstream.lse, 0.0);
  add(log_prob, upstream.log_prob, 0.0);
  add(entropy, upstream.entropy, 0.0);
  return upstream.scale * sum;
}

/// Five points; see gradient_test.cpp.
double central_difference(const Inputs& inputs, MatrixBuffer& moved, std::int64_t r, std::int64_t c,
                          double step) {
  const double centre = moved.get(r, c);
  const auto at = [&](double offset) {
    moved.set(r, c, centre + offset);
    const double value = objective(inputs);
    moved.set(r, c, centre);
    return value;
  };
  return (8.0 * (at(step) - at(-step)) - (at(2.0 * step) - at(-2.0 * step))) / (12.0 * step);
}

/// Masked classes get 0.
void expect_differences(Inputs& inputs, MatrixBuffer& moved, const MatrixBuffer& grad, double step) {
  double size = std::max(1.0, 0.01 * std::abs(objective(inputs)));
  for (std::int64_t r = 0; r < inputs.posed.rows; ++r) {
    for (std::int64_t c = 0; c < inputs.posed.classes; ++c) size = std::max(size, std::abs(grad.get(r, c)));
  }
  for (std::int64_t r = 0; r < inputs.posed.rows; ++r) {
    for (std::int64_t c = 0; c < inputs.posed.classes; ++c) {
      double want = std::isfinite(moved.get(r, c)) ? central_difference(inputs, moved, r, c, step) : 0.0;
      if (!std::isfinite(want)) want = 0.0;  // a masked class gets a share: the loss is infinite
      EXPECT_NEAR(grad.get(r, c), want, 1e-8 * size) << "row " << r << ", class " << c;
    }
  }
}

TEST(ReferenceGradient, OfEveryOption) {
  for (std::uint64_t seed = 1; seed <= kCases && !::testing::Test::HasFailure(); ++seed) {
    Inputs inputs(draw_smooth(seed));
    if (!std::isfinite(objective(inputs))) continue;  // a masked target or row
    SCOPED_TRACE(describe(inputs.posed));
    MatrixBuffer grad(DType::f64, inputs.posed.arrangement, inputs.posed.rows, inputs.posed.classes);
    const bool soft = inputs.posed.target == TargetKind::probs;
    MatrixBuffer grad_targets(DType::f64, inputs.posed.arrangement, inputs.posed.rows, inputs.posed.classes);
    const MatrixView targets_view = soft ? grad_targets.view() : MatrixView{};
    VectorBuffer lse(DType::f64, inputs.posed.rows);
    reference::cross_entropy(std::as_const(inputs.logits).view(), inputs.target(),
                             {.lse = lse.view(), .grad = grad.view(), .grad_targets = targets_view},
                             inputs.options(), inputs.upstream());
    const double steepness = inputs.posed.logit_scale / inputs.posed.temperature;
    const double step =
        1e-3 / std::max({1.0, steepness, inputs.posed.softcap == 1.0 ? 2.0 * steepness : 0.0});
    expect_differences(inputs, inputs.logits, grad, step);
    if (soft) expect_differences(inputs, inputs.soft, grad_targets, 1e-3);

    reference::cross_entropy_backward(std::as_const(inputs.logits).view(), inputs.target(),
                                      std::as_const(lse).view(), {grad.view(), targets_view},
                                      inputs.options(), inputs.upstream());
    expect_differences(inputs, inputs.logits, grad, step);
    if (soft) expect_differences(inputs, inputs.soft, grad_targets, 1e-3);
  }
}

}  // namespace
}  // namespace xent::reference
