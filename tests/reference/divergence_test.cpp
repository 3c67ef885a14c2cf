// Divergences of the reference: worked numbers, identities, finite differences, the edges.
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

using Divergence = void (*)(const ConstMatrixView&, const ConstMatrixView&, const DivergenceOutputs&,
                            const DivergenceOptions&, const Upstream&, const Exec&);

struct Row {
  double loss = -1.0;
  std::vector<double> grad_p;
  std::vector<double> grad_q;
};

Row row_of(Divergence divergence, const std::vector<double>& p, const std::vector<double>& q,
           DivergenceOptions options = {}) {
  const std::int64_t classes = std::ssize(p);
  Row row{.grad_p = std::vector<double>(p.size()), .grad_q = std::vector<double>(q.size())};
  divergence(matrix(p.data(), 1, classes), matrix(q.data(), 1, classes),
             {.loss = vector(&row.loss, 1),
              .grad_p = matrix(row.grad_p.data(), 1, classes),
              .grad_q = matrix(row.grad_q.data(), 1, classes)},
             options, {}, kReference);
  return row;
}

std::vector<double> logs(const std::vector<double>& probabilities) {
  std::vector<double> logits;
  for (const double p : probabilities) logits.push_back(std::log(p) + 2.5);
  return logits;
}

// (1/2, 1/4, 1/4) and (1/4, 1/4, 1/2): Σ p·log(p/q) = ½·log 2 - ¼·log 2.
TEST(KlDivergence, WorkedNumbers) {
  const Row row = row_of(kl_divergence, logs({0.5, 0.25, 0.25}), logs({0.25, 0.25, 0.5}));
  const double log2 = std::log(2.0);
  EXPECT_NEAR(row.loss, 0.25 * log2, 2e-16);
  EXPECT_NEAR(row.grad_p[0], 0.5 * (log2 - 0.25 * log2), 2e-16);
  EXPECT_NEAR(row.grad_p[1], 0.25 * (0.0 - 0.25 * log2), 2e-16);
  EXPECT_NEAR(row.grad_p[2], 0.25 * (-log2 - 0.25 * log2), 2e-16);
  EXPECT_NEAR(row.grad_q[0], -0.25, 1e-16);
  EXPECT_NEAR(row.grad_q[1], 0.0, 1e-16);
  EXPECT_NEAR(row.grad_q[2], 0.25, 1e-16);
}

// m = (3/8, 1/4, 3/8) for β = ½; by symmetry both parts are ½·log(4/3) + ¼·log(2/3).
TEST(JsDivergence, WorkedNumbers) {
  const Row row = row_of(js_divergence, logs({0.5, 0.25, 0.25}), logs({0.25, 0.25, 0.5}));
  const double part = 0.5 * std::log(4.0 / 3.0) + 0.25 * std::log(2.0 / 3.0);
  EXPECT_NEAR(row.loss, part, 2e-16);
  EXPECT_NEAR(row.grad_p[0], 0.5 * 0.5 * (std::log(4.0 / 3.0) - part), 2e-16);
  EXPECT_NEAR(row.grad_q[0], 0.5 * 0.25 * (std::log(2.0 / 3.0) - part), 2e-16);
}

/// Labels as a distribution: KL(onehot ‖ q) is cross-entropy.
TEST(KlDivergence, OfAOneHotDistributionIsCrossEntropy) {
  const std::vector<double> q{1.2, 0.9, 0.3};
  const std::vector<double> onehot{-kInf, 0.0, -kInf};
  const std::int64_t label = 1;
  double loss = 0.0;
  std::vector<double> grad(3);
  cross_entropy(matrix(q.data(), 1, 3), labels(&label, 1),
                {.loss = vector(&loss, 1), .grad = matrix(grad.data(), 1, 3)}, {}, {}, kReference);
  const Row row = row_of(kl_divergence, onehot, q);
  EXPECT_NEAR(row.loss, loss, 1e-15);
  for (std::size_t c = 0; c < 3; ++c) {
    EXPECT_NEAR(row.grad_q[c], grad[c], 1e-15);
    EXPECT_NEAR(row.grad_p[c], 0.0, 1e-15);
  }
}

TEST(JsDivergence, SwapsWithBeta) {
  const std::vector<double> p{0.3, -1.0, 2.0, 0.5};
  const std::vector<double> q{-0.7, 0.4, 1.0, -2.0};
  const Row row = row_of(js_divergence, p, q, {.beta = 0.2});
  const Row swapped = row_of(js_divergence, q, p, {.beta = 0.8});
  EXPECT_NEAR(row.loss, swapped.loss, 1e-16);
  for (std::size_t c = 0; c < 4; ++c) EXPECT_NEAR(row.grad_p[c], swapped.grad_q[c], 1e-16);
}

TEST(JsDivergence, DisjointDistributionsAreLogTwoApart) {
  EXPECT_NEAR(row_of(js_divergence, {0.0, -kInf}, {-kInf, 7.0}).loss, std::log(2.0), 1e-16);
}

TEST(KlDivergence, WhatDoesNotExistTakesNoPart) {
  const Row row = row_of(kl_divergence, {0.1, -kInf, 0.7}, {0.4, -kInf, -0.2});
  const Row without = row_of(kl_divergence, {0.1, 0.7}, {0.4, -0.2});
  EXPECT_DOUBLE_EQ(row.loss, without.loss);
  EXPECT_EQ(row.grad_p[1], 0.0);
  EXPECT_EQ(row.grad_q[1], 0.0);
  EXPECT_DOUBLE_EQ(row.grad_q[2], without.grad_q[1]);
}

TEST(KlDivergence, IsInfiniteWhereQHasNothing) {
  const Row row = row_of(kl_divergence, {0.0, 0.0}, {-kInf, 0.0});
  EXPECT_EQ(row.loss, kInf);
  EXPECT_EQ(row.grad_q[0], -0.5);
  EXPECT_EQ(row.grad_q[1], 0.5);
  EXPECT_TRUE(std::isnan(row.grad_p[0]) && std::isnan(row.grad_p[1]));
}

TEST(Divergences, RowsThatAreNoDistributionsGiveNan) {
  for (const Divergence divergence : {&kl_divergence, &js_divergence}) {
    for (const double bad : {std::nan(""), kInf}) {
      for (const Row& row :
           {row_of(divergence, {bad, -kInf}, {0.0, 0.0}), row_of(divergence, {0.0, 0.0}, {bad, 0.0}),
            row_of(divergence, {0.0, 0.0}, {-kInf, -kInf})}) {
        EXPECT_TRUE(std::isnan(row.loss));
        for (std::size_t c = 0; c < 2; ++c)
          EXPECT_TRUE(std::isnan(row.grad_p[c]) && std::isnan(row.grad_q[c]));
      }
    }
  }
}

TEST(Divergences, OfASingleClassAreZero) {
  for (const Divergence divergence : {&kl_divergence, &js_divergence}) {
    const Row row = row_of(divergence, {3.0}, {-8.0});
    EXPECT_EQ(row.loss, 0.0);
    EXPECT_EQ(row.grad_p[0], 0.0);
    EXPECT_EQ(row.grad_q[0], 0.0);
  }
}

TEST(Divergences, GradientsAreThoseOfTheLoss) {
  constexpr std::int64_t kRows = 3;
  constexpr std::int64_t kClasses = 4;
  testing::Rng rng(3);
  std::vector<double> p(12);
  std::vector<double> q(12);
  for (double& z : p) z = 1.5 * rng.normal();
  for (double& z : q) z = 1.5 * rng.normal();
  const std::array<double, 3> values{1.5, -2.0, 0.0};
  const double twice = 2.0;
  for (const Divergence divergence : {&kl_divergence, &js_divergence}) {
    for (DivergenceOptions options :
         {DivergenceOptions{.reduction = Reduction::none},
          DivergenceOptions{.temperature = 2.5, .reduction = Reduction::sum},
          DivergenceOptions{.temperature = 0.7}, DivergenceOptions{.denominator_at = vector(&twice, 1)}}) {
      if (divergence == &js_divergence) options.beta = 0.3;
      const bool each = options.reduction == Reduction::none;
      const Upstream upstream{.scale = -0.75, .values = vector(values.data(), each ? kRows : 1)};
      const auto objective = [&](const std::vector<double>& x, const std::vector<double>& y) {
        std::array<double, 3> loss{};
        divergence(matrix(x.data(), kRows, kClasses), matrix(y.data(), kRows, kClasses),
                   {.loss = vector(loss.data(), each ? kRows : 1)}, options, {}, kReference);
        double sum = 0.0;
        for (std::size_t r = 0; r < 3; ++r) sum += loss[r] * values[r];
        return -0.75 * sum;
      };
      std::vector<double> grad_p(12);
      std::vector<double> grad_q(12);
      divergence(matrix(std::as_const(p).data(), kRows, kClasses),
                 matrix(std::as_const(q).data(), kRows, kClasses),
                 {.grad_p = matrix(grad_p.data(), kRows, kClasses),
                  .grad_q = matrix(grad_q.data(), kRows, kClasses)},
                 options, upstream, kReference);
      testing::expect_gradient([&](const auto& x) { return objective(x, q); }, p, grad_p);
      testing::expect_gradient([&](const auto& y) { return objective(p, y); }, q, grad_q);
    }
  }
}

}  // namespace
}  // namespace xent
