// Binary cross-entropy of the reference: worked numbers, identities, finite differences, the edges.
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "tests/support/central_difference.hpp"
#include "tests/support/rng.hpp"

namespace xent {
namespace {

constexpr Exec kReference{.device = Device::reference};
constexpr double kInf = std::numeric_limits<double>::infinity();

struct Element {
  double loss = -1.0;
  double grad = -1.0;
  double grad_target = -1.0;
};

/// One element by itself.
Element element(double x, double y, double weight = 1.0, double pos_weight = 1.0) {
  Element result;
  const auto one = row_major(1, 1);
  binary_cross_entropy(matrix(&x, one), matrix(&y, one),
                       {.losses = matrix(&result.loss, one),
                        .grad = matrix(&result.grad, one),
                        .grad_targets = matrix(&result.grad_target, one)},
                       {.reduction = Reduction::none,
                        .class_weights = vector(&weight, 1),
                        .pos_weight = vector(&pos_weight, 1)},
                       {}, kReference);
  return result;
}

// Digits from 50-digit decimal arithmetic.
TEST(BinaryCrossEntropy, WorkedNumbers) {
  EXPECT_NEAR(element(0.0, 1.0).loss, 0.69314718055994530942, 1e-16);
  EXPECT_NEAR(element(0.0, 0.0).loss, 0.69314718055994530942, 1e-16);
  EXPECT_NEAR(element(2.0, 1.0).loss, 0.12692801104297249644, 1e-16);
  EXPECT_NEAR(element(2.0, 0.0).loss, 2.12692801104297249644, 5e-16);
  EXPECT_NEAR(element(-1.5, 0.25).loss, 0.20141327798275240978 + 0.25 * 1.5, 2e-16);
  EXPECT_NEAR(element(2.0, 1.0).grad, -0.11920292202211755594, 1e-16);
  EXPECT_NEAR(element(2.0, 0.0).grad, 0.88079707797788244406, 2e-16);
  EXPECT_NEAR(element(2.0, 1.0, 3.0, 5.0).loss, 15.0 * 0.12692801104297249644, 1e-15);
  EXPECT_NEAR(element(2.0, 0.0, 3.0, 5.0).loss, 3.0 * 2.12692801104297249644, 2e-15);
  EXPECT_EQ(element(2.0, 0.5).grad_target, -2.0);
}

/// An element that is sure of its answer: 1 + e^-x is 1, the loss is not 0.
TEST(BinaryCrossEntropy, ASureElementKeepsItsDigits) {
  EXPECT_NEAR(element(40.0, 1.0).loss, 4.2483542552915889953e-18, 1e-33);
  EXPECT_NEAR(element(40.0, 1.0).grad, -4.2483542552915889953e-18, 1e-33);
  EXPECT_NEAR(element(-40.0, 0.0).loss, 4.2483542552915889953e-18, 1e-33);
  EXPECT_NEAR(element(-700.0, 0.0).grad, std::exp(-700.0), 1e-315);
}

/// Two classes with logits (0, x): the same loss, the same gradient of x.
TEST(BinaryCrossEntropy, IsCrossEntropyOfTwoClasses) {
  for (const double x : {-30.0, -2.5, -0.1, 0.0, 0.3, 4.0, 12.0}) {
    for (const std::int64_t y : {0, 1}) {
      const std::array logits{0.0, x};
      std::array<double, 2> grad{};
      double loss = 0.0;
      cross_entropy(matrix(logits.data(), 1, 2), labels(&y, 1),
                    {.loss = vector(&loss, 1), .grad = matrix(grad.data(), 1, 2)}, {}, {}, kReference);
      const Element binary = element(x, static_cast<double>(y));
      EXPECT_NEAR(binary.loss, loss, 2e-15 * loss) << x;
      EXPECT_NEAR(binary.grad, grad[1], 2e-15 * std::abs(grad[1])) << x;
    }
  }
}

TEST(BinaryCrossEntropy, InfiniteLogitsHaveTheirLimits) {
  EXPECT_EQ(element(kInf, 1.0).loss, 0.0);
  EXPECT_EQ(element(kInf, 1.0).grad, 0.0);
  EXPECT_EQ(element(-kInf, 0.0).loss, 0.0);
  EXPECT_EQ(element(-kInf, 0.0).grad, 0.0);
  EXPECT_EQ(element(kInf, 0.0).loss, kInf);
  EXPECT_EQ(element(kInf, 0.0).grad, 1.0);
  EXPECT_EQ(element(-kInf, 1.0, 1.0, 3.0).loss, kInf);
  EXPECT_EQ(element(-kInf, 1.0, 1.0, 3.0).grad, -3.0);
  EXPECT_EQ(element(kInf, 0.5).loss, kInf);
  EXPECT_EQ(element(kInf, 0.5).grad, 0.5);
  EXPECT_EQ(element(kInf, 0.5).grad_target, -kInf);
  EXPECT_EQ(element(-kInf, 0.5, 1.0, 0.0).grad_target, 0.0);
  EXPECT_EQ(element(kInf, 0.0, 0.0).loss, 0.0);
  EXPECT_EQ(element(kInf, 0.0, 0.0).grad_target, 0.0);
  EXPECT_TRUE(std::isnan(element(std::nan(""), 1.0).loss));
  EXPECT_TRUE(std::isnan(element(std::nan(""), 1.0, 0.0).grad));
  EXPECT_TRUE(std::isnan(element(1.0, std::nan("")).loss));
  EXPECT_EQ(element(1e308, 0.0).loss, 1e308);
  EXPECT_EQ(element(-5e-324, 1.0).grad, -0.5);
}

struct Drawn {
  static constexpr std::int64_t kRows = 4;
  static constexpr std::int64_t kClasses = 3;
  std::vector<double> logits = std::vector<double>(12);
  std::vector<double> targets = std::vector<double>(12);
  std::vector<double> upstream = std::vector<double>(12);
  std::array<double, 3> weights{0.5, 2.0, 0.0};
  std::array<double, 3> pos_weight{3.0, 1.0, 0.25};

  Drawn() {
    testing::Rng rng(7);
    for (double& x : logits) x = 2.0 * rng.normal();
    for (double& y : targets) y = rng.uniform();
    for (double& g : upstream) g = rng.normal();
  }
};

ConstMatrixView view(const std::vector<double>& m) { return matrix(m.data(), Drawn::kRows, Drawn::kClasses); }
MatrixView view(std::vector<double>& m) { return matrix(m.data(), Drawn::kRows, Drawn::kClasses); }

TEST(BinaryCrossEntropy, GradientsAreThoseOfTheLoss) {
  const Drawn drawn;
  for (const Reduction reduction : {Reduction::none, Reduction::sum, Reduction::mean}) {
    for (const bool weighted : {false, true}) {
      BinaryCrossEntropyOptions options{.reduction = reduction};
      if (weighted) {
        options.class_weights = vector(drawn.weights.data(), 3);
        options.pos_weight = vector(drawn.pos_weight.data(), 3);
      }
      BinaryCrossEntropyUpstream upstream{.scale = -0.75};
      if (reduction == Reduction::none) upstream.values = view(drawn.upstream);
      const auto objective = [&](const std::vector<double>& x, const std::vector<double>& y) {
        std::vector<double> losses(12);
        double loss = 0.0;
        BinaryCrossEntropyOutputs outputs;
        if (reduction == Reduction::none) {
          outputs.losses = view(losses);
        } else {
          outputs.loss = vector(&loss, 1);
        }
        binary_cross_entropy(view(x), view(y), outputs, options, {}, kReference);
        for (std::size_t i = 0; i < 12; ++i) loss += losses[i] * drawn.upstream[i];
        return -0.75 * loss;
      };
      std::vector<double> grad(12);
      std::vector<double> grad_targets(12);
      binary_cross_entropy(view(drawn.logits), view(drawn.targets),
                           {.grad = view(grad), .grad_targets = view(grad_targets)}, options, upstream,
                           kReference);
      testing::expect_gradient([&](const auto& x) { return objective(x, drawn.targets); }, drawn.logits,
                               grad);
      testing::expect_gradient([&](const auto& y) { return objective(drawn.logits, y); }, drawn.targets,
                               grad_targets);
    }
  }
}

TEST(BinaryCrossEntropy, TheMeanDividesByTheElementsOrAsTold) {
  const Drawn drawn;
  const auto loss_with = [&](const BinaryCrossEntropyOptions& options) {
    double loss = -1.0;
    binary_cross_entropy(view(drawn.logits), view(drawn.targets), {.loss = vector(&loss, 1)}, options, {},
                         kReference);
    return loss;
  };
  const double sum = loss_with({.reduction = Reduction::sum});
  const double eight = 8.0;
  const double zero = 0.0;
  EXPECT_DOUBLE_EQ(loss_with({}), sum / 12.0);
  EXPECT_DOUBLE_EQ(loss_with({.denominator = 5.0}), sum / 5.0);
  EXPECT_DOUBLE_EQ(loss_with({.denominator_at = vector(&eight, 1)}), sum / 8.0);
  EXPECT_EQ(loss_with({.denominator_at = vector(&zero, 1)}), 0.0);
  EXPECT_TRUE(std::isnan(loss_with({.denominator_at = vector(&zero, 1), .empty_mean = EmptyMean::nan})));
}

}  // namespace
}  // namespace xent
