// The worked example of the article this project started from, and the identities of cross-entropy.
#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "host/reference/cross_entropy.hpp"
#include "host/reference/nll.hpp"
#include "host/reference/softmax.hpp"

namespace xent::reference {
namespace {

constexpr double kUlps = 4e-16;  // two roundings of a number near 1

double loss_of(const std::vector<double>& logits, std::int64_t label, const LossOptions& options = {}) {
  double loss = -1.0;
  reference::cross_entropy(matrix(logits.data(), 1, std::ssize(logits)), labels(&label, 1),
                           {.loss = vector(&loss, 1)}, options);
  return loss;
}

std::vector<double> softmax_of(const std::vector<double>& logits) {
  std::vector<double> probs(logits.size());
  softmax(matrix(logits.data(), 1, std::ssize(logits)), matrix(probs.data(), 1, std::ssize(probs)));
  return probs;
}

// The article prints probabilities 0.53, 0.33, 0.14 and the loss 1.11 for these logits. They are not the
// softmax of them (1.11 is -log 0.33); the digits below were computed in 50-digit decimal arithmetic.
const std::vector<double> kLogits{1.2, 0.9, 0.3};
constexpr std::int64_t kLabel = 1;
constexpr std::array kProbs{0.46568205451701374, 0.34498575103070086, 0.18933219445228541};
constexpr double kLoss = 1.0642521641639893;
constexpr double kLse = 1.9642521641639893;

TEST(WorkedExample, Probabilities) {
  const std::vector<double> probs = softmax_of(kLogits);
  for (std::size_t c = 0; c < 3; ++c) EXPECT_NEAR(probs[c], kProbs[c], kUlps);
}

TEST(WorkedExample, LossLseArgmaxAndGradient) {
  double loss = 0.0;
  double lse = 0.0;
  std::int64_t argmax = -2;
  std::int64_t correct = -2;
  std::int64_t valid = -2;
  std::array<double, 3> grad{};
  reference::cross_entropy(matrix(kLogits.data(), 1, 3), labels(&kLabel, 1),
                           {.loss = vector(&loss, 1),
                            .lse = vector(&lse, 1),
                            .argmax = indices(&argmax, 1),
                            .grad = matrix(grad.data(), 1, 3),
                            .correct_count = &correct,
                            .valid_count = &valid});
  EXPECT_NEAR(loss, kLoss, kUlps);
  EXPECT_NEAR(lse, kLse, kUlps);
  EXPECT_EQ(argmax, 0);
  EXPECT_EQ(correct, 0);
  EXPECT_EQ(valid, 1);
  EXPECT_NEAR(grad[0], kProbs[0], kUlps);
  EXPECT_NEAR(grad[1], kProbs[1] - 1.0, kUlps);
  EXPECT_NEAR(grad[2], kProbs[2], kUlps);
}

TEST(WorkedExample, NllOfLogSoftmaxIsTheSameLoss) {
  std::array<double, 3> log_probs{};
  log_softmax(matrix(kLogits.data(), 1, 3), matrix(log_probs.data(), 1, 3));
  double loss = 0.0;
  reference::nll(matrix(std::as_const(log_probs).data(), 1, 3), labels(&kLabel, 1),
                 {.loss = vector(&loss, 1)});
  EXPECT_NEAR(loss, kLoss, kUlps);
}

// With label smoothing the target is a distribution q, so the loss is a full cross-entropy H(q, p).
TEST(Identities, CrossEntropyIsEntropyPlusDivergence) {
  constexpr double smoothing = 0.3;
  const std::vector<double> logits{0.4, -1.3, 2.2, 0.0, 0.7};
  const std::vector<double> p = softmax_of(logits);
  double entropy = 0.0;
  double divergence = 0.0;
  for (std::size_t c = 0; c < p.size(); ++c) {
    const double q = smoothing / 5.0 + (c == 3 ? 1.0 - smoothing : 0.0);
    entropy -= q * std::log(q);
    divergence += q * std::log(q / p[c]);
  }
  EXPECT_GT(divergence, 0.0);
  EXPECT_NEAR(loss_of(logits, 3, {.label_smoothing = smoothing}), entropy + divergence, 1e-15);
}

TEST(Identities, CrossEntropyOfAOneHotTargetIsItsDivergence) {
  const std::vector<double> logits{0.4, -1.3, 2.2, 0.0, 0.7};
  EXPECT_NEAR(loss_of(logits, 3), -std::log(softmax_of(logits)[3]), 1e-15);
}

// Two classes with logits (0, x): p[1] is the sigmoid of x, the loss of label 1 is -log sigmoid(x).
TEST(Identities, TwoClassesAreTheBinaryCase) {
  for (const double x : {-30.0, -2.5, -0.1, 0.0, 0.3, 4.0, 12.0}) {
    const double sigmoid = 1.0 / (1.0 + std::exp(-x));
    EXPECT_NEAR(softmax_of({0.0, x})[1], sigmoid, kUlps) << "x = " << x;
    const double positive = std::log1p(std::exp(-x));  // -log sigmoid(x)
    const double negative = std::log1p(std::exp(x));   // -log(1 - sigmoid(x))
    EXPECT_NEAR(loss_of({0.0, x}, 1), positive, 1e-15 * positive) << "x = " << x;
    EXPECT_NEAR(loss_of({0.0, x}, 0), negative, 1e-15 * negative) << "x = " << x;
  }
}

TEST(Identities, ShiftingAllLogitsChangesNothing) {
  const std::vector<double> logits{1.25, -0.5, 3.0};
  const std::vector<double> shifted{1025.25, 1023.5, 1027.0};
  EXPECT_EQ(loss_of(logits, 0), loss_of(shifted, 0));
  EXPECT_EQ(softmax_of(logits), softmax_of(shifted));
}

TEST(Identities, EqualLogitsGiveLogOfTheClassCount) {
  for (const std::size_t classes : {1U, 2U, 7U, 1000U}) {
    EXPECT_NEAR(loss_of(std::vector<double>(classes, 5.5), 0), std::log(static_cast<double>(classes)), 2e-15);
  }
}

}  // namespace
}  // namespace xent::reference
