// Every backward function against finite differences of its forward function.
#include <cmath>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

#include "host/reference/cross_entropy.hpp"
#include "host/reference/nll.hpp"
#include "host/reference/softmax.hpp"
#include "tests/support/rng.hpp"

namespace xent::reference {
namespace {

using xent::testing::Rng;

constexpr std::int64_t kRows = 6;
constexpr std::int64_t kClasses = 5;
constexpr std::size_t kSize = kRows * kClasses;

// Five-point central difference with step h = 1e-3: the truncation error h⁴·|f⁽⁵⁾|/30 is about 1e-13 for
// functions of size 1, and rounding gives 1.5·2^-53·|f|/h, about 2e-13·|f|. The objectives are below 100.
constexpr double kStep = 1e-3;
constexpr double kBound = 2e-11;

using Objective = std::function<double(const std::vector<double>&)>;

double central_difference(const Objective& f, std::vector<double> x, std::size_t i) {
  const double centre = x[i];
  const auto at = [&](double offset) {
    x[i] = centre + offset;
    return f(x);
  };
  return (8.0 * (at(kStep) - at(-kStep)) - (at(2.0 * kStep) - at(-2.0 * kStep))) / (12.0 * kStep);
}

void expect_gradient(const Objective& f, const std::vector<double>& x, const std::vector<double>& grad) {
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(grad[i], central_difference(f, x, i), kBound) << "element " << i;
  }
}

std::vector<double> random_values(std::uint64_t seed, std::size_t size, double scale) {
  Rng rng(seed);
  std::vector<double> values(size);
  for (double& value : values) value = scale * rng.normal();
  return values;
}

ConstMatrixView view(const std::vector<double>& values) { return matrix(values.data(), kRows, kClasses); }
MatrixView view(std::vector<double>& values) { return matrix(values.data(), kRows, kClasses); }

double dot(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
  return sum;
}

const std::vector<std::int64_t> kLabels{0, 4, -100, 2, 3, -100};
// Per-row upstream with zeros, negatives, and something large on an ignored row.
const std::vector<double> kUpstream{1.5, 0.0, 1e6, -2.0, 0.25, -3.0};

struct LossCase {
  const char* name;
  LossOptions options;
};

std::vector<LossCase> loss_cases(std::initializer_list<double> smoothings) {
  std::vector<LossCase> cases;
  for (const double smoothing : smoothings) {
    LossOptions base{.ignore_index = -100, .label_smoothing = smoothing};
    for (const Reduction reduction : {Reduction::none, Reduction::sum, Reduction::mean}) {
      base.reduction = reduction;
      cases.push_back({"plain", base});
    }
    base.denominator = 11.0;
    cases.push_back({"denominator", base});
  }
  return cases;
}

Upstream upstream_for(const LossOptions& options) {
  if (options.reduction != Reduction::none) return {.scale = -0.75, .values = vector(&kUpstream[0], 1)};
  return {.scale = -0.75, .values = vector(kUpstream.data(), kRows)};
}

/// Σ_r g[r]·loss[r]: what the gradient is the gradient of.
double weigh(const std::vector<double>& loss, const LossOptions& options) {
  if (options.reduction != Reduction::none) return -0.75 * kUpstream[0] * loss[0];
  return -0.75 * dot(loss, kUpstream);
}

std::vector<double> loss_buffer(const LossOptions& options) {
  return std::vector<double>(options.reduction == Reduction::none ? kRows : 1);
}

TEST(ReferenceGradient, CrossEntropy) {
  for (const auto& [name, options] : loss_cases({0.0, 0.1, 1.0})) {
    SCOPED_TRACE(std::string(name) + ", reduction " + std::to_string(static_cast<int>(options.reduction)) +
                 ", smoothing " + std::to_string(options.label_smoothing));
    const std::vector<double> logits = random_values(1, kSize, 2.0);
    const LabelView rows = labels(kLabels.data(), kRows);
    const auto f = [&](const std::vector<double>& z) {
      std::vector<double> loss = loss_buffer(options);
      reference::cross_entropy(view(z), rows, {.loss = vector(loss.data(), std::ssize(loss))}, options);
      return weigh(loss, options);
    };
    std::vector<double> lse(kRows);
    std::vector<double> grad(kSize, -9.0);
    reference::cross_entropy(view(logits), rows, {.lse = vector(lse.data(), kRows), .grad = view(grad)},
                             options, upstream_for(options));
    expect_gradient(f, logits, grad);

    std::vector<double> from_lse(kSize, -9.0);
    reference::cross_entropy_backward(view(logits), rows, vector(std::as_const(lse).data(), kRows),
                                      view(from_lse), options, upstream_for(options));
    expect_gradient(f, logits, from_lse);
  }
}

TEST(ReferenceGradient, Nll) {
  for (const auto& [name, options] : loss_cases({0.0})) {
    SCOPED_TRACE(std::string(name) + ", reduction " + std::to_string(static_cast<int>(options.reduction)));
    const std::vector<double> log_probs = random_values(2, kSize, 2.0);
    const LabelView rows = labels(kLabels.data(), kRows);
    std::vector<double> grad(kSize, -9.0);
    reference::nll_backward(rows, view(grad), options, upstream_for(options));
    expect_gradient(
        [&](const std::vector<double>& x) {
          std::vector<double> loss = loss_buffer(options);
          reference::nll(view(x), rows, {.loss = vector(loss.data(), std::ssize(loss))}, options);
          return weigh(loss, options);
        },
        log_probs, grad);
  }
}

using Forward = void (*)(const ConstMatrixView&, const MatrixView&);
using Backward = void (*)(const ConstMatrixView&, const ConstMatrixView&, const MatrixView&);

void expect_backward_matches(Forward forward, Backward backward) {
  const std::vector<double> logits = random_values(3, kSize, 2.0);
  const std::vector<double> upstream = random_values(4, kSize, 1.5);
  std::vector<double> out(kSize);
  std::vector<double> grad(kSize, -9.0);
  forward(view(logits), view(out));
  backward(view(std::as_const(out)), view(upstream), view(grad));
  expect_gradient(
      [&](const std::vector<double>& z) {
        std::vector<double> y(kSize);
        forward(view(z), view(y));
        return dot(y, upstream);
      },
      logits, grad);
}

TEST(ReferenceGradient, Softmax) { expect_backward_matches(softmax, softmax_backward); }

TEST(ReferenceGradient, LogSoftmax) { expect_backward_matches(log_softmax, log_softmax_backward); }

}  // namespace
}  // namespace xent::reference
