// Extreme logits: confident rows, masked classes, infinities, NaN, a single class, nothing at all.
#include <cmath>
#include <limits>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/reference/cross_entropy.hpp"
#include "host/reference/softmax.hpp"

namespace xent::reference {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::IsNan;

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct RowResult {
  double loss = -7.0;
  double lse = -7.0;
  std::int64_t argmax = -7;
  std::vector<double> grad{};
};

RowResult evaluate(const std::vector<double>& logits, std::int64_t label, const LossOptions& options = {}) {
  RowResult result;
  result.grad.resize(logits.size());
  const std::int64_t classes = std::ssize(logits);
  reference::cross_entropy(matrix(logits.data(), 1, classes), labels(&label, 1),
                           {.loss = vector(&result.loss, 1),
                            .lse = vector(&result.lse, 1),
                            .argmax = indices(&result.argmax, 1),
                            .grad = matrix(result.grad.data(), 1, classes)},
                           options);
  return result;
}

template <class Function>
std::vector<double> apply(Function function, const std::vector<double>& row) {
  std::vector<double> out(row.size());
  function(matrix(row.data(), 1, std::ssize(row)), matrix(out.data(), 1, std::ssize(out)));
  return out;
}

// exp(-40) = 4.248354255291589e-18: 1 + it is 1 in double, so every path through p or lse loses it.
TEST(ConfidentRow, KeepsAllDigits) {
  constexpr double tail = 4.248354255291589e-18;
  const RowResult right = evaluate({0.0, 40.0}, 1);
  EXPECT_DOUBLE_EQ(right.loss, tail);
  EXPECT_DOUBLE_EQ(right.grad[0], tail);
  EXPECT_DOUBLE_EQ(right.grad[1], -tail);
  EXPECT_DOUBLE_EQ(apply(log_softmax, {0.0, 40.0})[1], -tail);

  const RowResult wrong = evaluate({0.0, 40.0}, 0);
  EXPECT_DOUBLE_EQ(wrong.loss, 40.0);
  EXPECT_DOUBLE_EQ(wrong.grad[0], -1.0);
  EXPECT_DOUBLE_EQ(wrong.grad[1], 1.0);
}

TEST(ConfidentRow, BackwardFromLseKeepsTheTargetsDigits) {
  const std::vector<double> logits{0.0, 40.0};
  const std::int64_t label = 1;
  const double lse = 40.0;
  std::vector<double> grad(2);
  reference::cross_entropy_backward(matrix(logits.data(), 1, 2), labels(&label, 1), vector(&lse, 1),
                                    matrix(grad.data(), 1, 2));
  EXPECT_DOUBLE_EQ(grad[0], 4.248354255291589e-18);
  EXPECT_EQ(grad[1], -grad[0]);
}

TEST(LargeLogits, DoNotOverflow) {
  const RowResult result = evaluate({1e38, -1e38, 1e38}, 1);
  EXPECT_EQ(result.loss, 2e38);
  EXPECT_EQ(result.lse, 1e38);
  EXPECT_THAT(result.grad, ElementsAre(0.5, -1.0, 0.5));
}

TEST(MaskedClasses, TakeNoPart) {
  const RowResult masked = evaluate({0.5, -kInf, 2.0, -kInf}, 0);
  const RowResult without = evaluate({0.5, 2.0}, 0);
  EXPECT_EQ(masked.loss, without.loss);
  EXPECT_EQ(masked.lse, without.lse);
  EXPECT_THAT(masked.grad, ElementsAre(without.grad[0], 0.0, without.grad[1], 0.0));
  EXPECT_THAT(apply(softmax, {3.0, -kInf}), ElementsAre(1.0, 0.0));
  EXPECT_THAT(apply(log_softmax, {3.0, -kInf}), ElementsAre(0.0, -kInf));
}

TEST(MaskedClasses, AreLeftOutOfSmoothing) {
  const LossOptions smooth{.label_smoothing = 0.2};
  const RowResult masked = evaluate({0.5, -kInf, 2.0}, 0, smooth);
  const RowResult without = evaluate({0.5, 2.0}, 0, smooth);
  EXPECT_EQ(masked.loss, without.loss);
  EXPECT_THAT(masked.grad, ElementsAre(without.grad[0], 0.0, without.grad[1]));
}

TEST(MaskedClasses, AMaskedTargetCostsInfinity) {
  const RowResult result = evaluate({1.0, -kInf, 1.0}, 1);
  EXPECT_EQ(result.loss, kInf);
  EXPECT_THAT(result.grad, ElementsAre(0.5, -1.0, 0.5));
  // All of the target spread over the unmasked classes: 0·∞ = 0.
  const RowResult uniform = evaluate({1.0, -kInf, 1.0}, 1, {.label_smoothing = 1.0});
  EXPECT_DOUBLE_EQ(uniform.loss, std::log(2.0));
  EXPECT_THAT(uniform.grad, ElementsAre(0.0, 0.0, 0.0));
}

TEST(RowsWithoutASoftmax, GiveNanThroughout) {
  const std::vector<std::vector<double>> rows{{-kInf, -kInf}, {0.0, kInf},   {kInf, kInf}, {0.0, kNan},
                                              {kNan, kInf},   {kInf, -kInf}, {-kInf}};
  for (const auto& logits : rows) {
    for (const double smoothing : {0.0, 0.5}) {
      const RowResult result = evaluate(logits, 0, {.label_smoothing = smoothing});
      EXPECT_THAT(result.loss, IsNan());
      EXPECT_THAT(result.lse, IsNan());
      EXPECT_THAT(result.grad, Each(IsNan()));
    }
    EXPECT_THAT(apply(softmax, logits), Each(IsNan()));
    EXPECT_THAT(apply(log_softmax, logits), Each(IsNan()));
  }
}

TEST(Argmax, IsTheLowestLargestClassAndNanIsLargest) {
  EXPECT_EQ(evaluate({1.0, 3.0, 3.0}, 0).argmax, 1);
  EXPECT_EQ(evaluate({-kInf, -kInf}, 0).argmax, 0);
  EXPECT_EQ(evaluate({kInf, kNan, 9.0, kNan}, 0).argmax, 1);
  EXPECT_EQ(evaluate({kNan, 9.0}, 0).argmax, 0);
  EXPECT_EQ(evaluate({-0.0, 0.0}, 0).argmax, 0);
}

TEST(SingleClass, IsCertain) {
  const RowResult result = evaluate({-123.0}, 0, {.label_smoothing = 0.1});
  EXPECT_EQ(result.loss, 0.0);
  EXPECT_EQ(result.lse, -123.0);
  EXPECT_EQ(result.grad[0], 0.0);
  EXPECT_THAT(apply(softmax, {-123.0}), ElementsAre(1.0));
}

TEST(SoftmaxBackward, ImpossibleClassesGetNoGradient) {
  const std::vector<double> probs{0.25, 0.0, 0.75};
  const std::vector<double> upstream{1.0, kInf, 3.0};
  std::vector<double> grad(3);
  softmax_backward(matrix(probs.data(), 1, 3), matrix(upstream.data(), 1, 3), matrix(grad.data(), 1, 3));
  EXPECT_THAT(grad, ElementsAre(0.25 * -1.5, 0.0, 0.75 * 0.5));

  const std::vector<double> log_probs{0.0, -kInf};
  const std::vector<double> log_upstream{2.0, kNan};
  grad.resize(2);
  log_softmax_backward(matrix(log_probs.data(), 1, 2), matrix(log_upstream.data(), 1, 2),
                       matrix(grad.data(), 1, 2));
  EXPECT_THAT(grad, ElementsAre(0.0, 0.0));
}

}  // namespace
}  // namespace xent::reference
