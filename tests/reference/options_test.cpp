// Reductions, ignored rows, denominators, upstream gradients, layouts and in-place calls, on numbers
// that can be checked by eye: rows of two equal logits have loss log 2 and gradient ±1/2.
#include <array>
#include <cmath>
#include <limits>
#include <numbers>
#include <vector>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/reference/cross_entropy.hpp"
#include "host/reference/nll.hpp"
#include "host/reference/softmax.hpp"

namespace xent::reference {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsNan;

constexpr double kLog2 = std::numbers::ln2;
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Row 1 is ignored, and its logits are NaN to show that it is never read.
class EqualLogits : public ::testing::Test {
 protected:
  double reduced(const LossOptions& options, const Upstream& upstream = {}) {
    double loss = -1.0;
    reference::cross_entropy(logits(), rows(),
                             {.loss = vector(&loss, 1), .grad = gradient(), .valid_count = &valid_}, options,
                             upstream);
    return loss;
  }
  ConstMatrixView logits() const { return matrix(logits_.data(), 3, 2); }
  LabelView rows() const { return labels(labels_.data(), 3); }
  MatrixView gradient() { return matrix(grad_.data(), 3, 2); }

  std::array<double, 6> logits_{4.0, 4.0, kNan, kNan, -1.0, -1.0};
  std::array<std::int32_t, 3> labels_{0, -100, 1};
  std::array<double, 6> grad_{};
  std::int64_t valid_ = -1;
};

TEST_F(EqualLogits, MeanDividesByTheValidRows) {
  EXPECT_DOUBLE_EQ(reduced({.ignore_index = -100}), kLog2);
  EXPECT_THAT(grad_, ElementsAre(-0.25, 0.25, 0.0, 0.0, 0.25, -0.25));
  EXPECT_EQ(valid_, 2);
}

TEST_F(EqualLogits, MeanDividesByTheGivenDenominator) {
  EXPECT_DOUBLE_EQ(reduced({.ignore_index = -100, .denominator = 8.0}), kLog2 / 4.0);
  EXPECT_THAT(grad_, ElementsAre(-0.0625, 0.0625, 0.0, 0.0, 0.0625, -0.0625));
}

TEST_F(EqualLogits, SumDoesNotDivide) {
  EXPECT_DOUBLE_EQ(reduced({.reduction = Reduction::sum, .ignore_index = -100}), 2.0 * kLog2);
  EXPECT_THAT(grad_, ElementsAre(-0.5, 0.5, 0.0, 0.0, 0.5, -0.5));
}

TEST_F(EqualLogits, UpstreamScalesTheGradientAlone) {
  const float value = -3.0F;
  EXPECT_DOUBLE_EQ(reduced({.ignore_index = -100}, {.scale = 2.0, .values = vector(&value, 1)}), kLog2);
  EXPECT_THAT(grad_, ElementsAre(1.5, -1.5, 0.0, 0.0, -1.5, 1.5));
}

TEST_F(EqualLogits, RowsKeepTheirLossAndOutputsOfIgnoredRowsAreNeutral) {
  std::array<double, 3> loss{};
  std::array<double, 3> lse{};
  std::array<std::uint8_t, 3> argmax{};
  std::int64_t correct = -1;
  const std::array<double, 3> upstream{10.0, 1.0, -0.5};
  reference::cross_entropy(logits(), rows(),
                           {.loss = vector(loss.data(), 3),
                            .lse = vector(lse.data(), 3),
                            .argmax = indices(argmax.data(), 3),
                            .grad = gradient(),
                            .correct_count = &correct},
                           {.reduction = Reduction::none, .ignore_index = -100},
                           {.scale = 2.0, .values = vector(upstream.data(), 3)});
  EXPECT_THAT(loss, ElementsAre(kLog2, 0.0, kLog2));
  EXPECT_THAT(lse, ElementsAre(4.0 + kLog2, 0.0, -1.0 + kLog2));
  EXPECT_THAT(argmax, ElementsAre(0, 255, 0));
  EXPECT_THAT(grad_, ElementsAre(-10.0, 10.0, 0.0, 0.0, -0.5, 0.5));
  EXPECT_EQ(correct, 1);
}

TEST_F(EqualLogits, AllIgnored) {
  labels_ = {7, 7, 7};
  EXPECT_EQ(reduced({.ignore_index = 7}), 0.0);
  EXPECT_EQ(valid_, 0);
  EXPECT_THAT(grad_, Each(0.0));
  EXPECT_THAT(reduced({.ignore_index = 7, .empty_mean = EmptyMean::nan}), IsNan());
  EXPECT_THAT(grad_, Each(0.0));
  EXPECT_EQ(reduced({.ignore_index = 7, .denominator = 4.0, .empty_mean = EmptyMean::nan}), 0.0);
  EXPECT_EQ(reduced({.reduction = Reduction::sum, .ignore_index = 7, .empty_mean = EmptyMean::nan}), 0.0);
}

TEST_F(EqualLogits, NllIgnoresAndReducesAlike) {
  const std::array<double, 6> log_probs{-2.0, 9.0, kNan, kNan, 9.0, -5.0};
  double loss = -1.0;
  reference::nll(matrix(log_probs.data(), 3, 2), rows(), {.loss = vector(&loss, 1), .valid_count = &valid_},
                 {.ignore_index = -100});
  EXPECT_EQ(loss, 3.5);
  EXPECT_EQ(valid_, 2);
  reference::nll_backward(rows(), gradient(), {.ignore_index = -100}, {.scale = 3.0});
  EXPECT_THAT(grad_, ElementsAre(-1.5, 0.0, 0.0, 0.0, 0.0, -1.5));
}

TEST(ReferenceShapes, ZeroRows) {
  double loss = -1.0;
  std::int64_t valid = -1;
  const MatrixView empty{.layout = row_major(0, 5)};
  reference::cross_entropy(empty, {}, {.loss = vector(&loss, 1), .valid_count = &valid});
  EXPECT_EQ(loss, 0.0);
  EXPECT_EQ(valid, 0);
  reference::cross_entropy(empty, {}, {.loss = vector(&loss, 1)}, {.empty_mean = EmptyMean::nan});
  EXPECT_THAT(loss, IsNan());
  softmax(empty, empty);
}

// (N, C, d) = (2, 3, 2): row (o, i) has its classes at stride d.
TEST(ReferenceShapes, ChannelsFirstIsTheTransposedRows) {
  const std::array<double, 12> spatial{0, 6, 1, 7, 2, 9, 5, 1, 3, 1, 4, 2};
  const std::array<double, 12> rows{0, 1, 2, 6, 7, 9, 5, 3, 4, 1, 1, 2};
  const std::array<std::uint8_t, 4> label{2, 0, 1, 2};
  std::array<double, 12> spatial_grad{};
  std::array<double, 12> row_grad{};
  const LossOptions options{.reduction = Reduction::sum, .label_smoothing = 0.1};
  reference::cross_entropy(matrix(spatial.data(), channels_first(2, 3, 2)), labels(label.data(), 4),
                           {.grad = matrix(spatial_grad.data(), channels_first(2, 3, 2))}, options);
  reference::cross_entropy(matrix(rows.data(), 4, 3), labels(label.data(), 4),
                           {.grad = matrix(row_grad.data(), 4, 3)}, options);
  for (std::size_t o = 0; o < 2; ++o) {
    for (std::size_t c = 0; c < 3; ++c) {
      for (std::size_t i = 0; i < 2; ++i) {
        EXPECT_EQ(spatial_grad[(o * 3 + c) * 2 + i], row_grad[(o * 2 + i) * 3 + c]);
      }
    }
  }
}

TEST(ReferenceShapes, InPlaceEqualsOutOfPlace) {
  const std::array<double, 6> logits{0.1, 2.0, -1.0, 3.0, 0.5, 0.5};
  const std::array<std::int64_t, 2> label{1, 2};
  std::array<double, 6> out{};
  std::array<double, 6> in_place = logits;
  reference::cross_entropy(matrix(logits.data(), 2, 3), labels(label.data(), 2),
                           {.grad = matrix(out.data(), 2, 3)});
  const MatrixView same = matrix(in_place.data(), 2, 3);
  reference::cross_entropy(same, labels(label.data(), 2), {.grad = same});
  EXPECT_THAT(in_place, ElementsAreArray(out));
}

TEST(ReferenceShapes, TheGradientMayHaveAnotherType) {
  const std::array<bf16, 2> logits{bf16(1.0F), bf16(1.0F)};
  const std::int64_t label = 0;
  std::array<double, 2> grad{};
  reference::cross_entropy(matrix(logits.data(), 1, 2), labels(&label, 1),
                           {.grad = matrix(grad.data(), 1, 2)}, {}, {.scale = 1.0 / 3.0});
  EXPECT_EQ(grad[1], 0.5 / 3.0) << "not rounded to bf16";
}

}  // namespace
}  // namespace xent::reference
