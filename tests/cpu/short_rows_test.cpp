// Rows that go one per lane: what adds up in a lane, class after class.
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include <xent/xent.hpp>

namespace xent {
namespace {

/// All classes but one, whose logit is 0, have the same: the loss of that one.
float loss_of(std::int64_t classes, float others, double smoothing) {
  std::vector<float> logits(static_cast<std::size_t>(classes), others);
  const std::int32_t label = 3 % static_cast<std::int32_t>(classes);
  logits[static_cast<std::size_t>(label)] = 0.0F;
  float loss = -1.0F;
  cross_entropy(matrix(std::as_const(logits).data(), 1, classes), labels(&label, 1),
                {.loss = vector(&loss, 1)}, {.reduction = Reduction::none, .label_smoothing = smoothing});
  return loss;
}

TEST(ShortRows, GapsAddUpWithoutOverflow) {
  constexpr double kFar = 3e38;
  for (const std::int64_t classes : {2, 64, 128, 129, 192, 255, 256, 257, 300}) {
    const double mean_gap = kFar * static_cast<double>(classes - 1) / static_cast<double>(classes);
    EXPECT_NEAR(loss_of(classes, -3e38F, 0.1) / (0.1 * mean_gap), 1.0, 1e-5) << classes;
  }
}

TEST(ShortRows, EqualTermsRoundTheSameWayInAtMostHalfTheAdditions) {
  constexpr double kUnit = 0x1p-24;
  for (const std::int64_t classes : {33, 128, 255, 256}) {
    double worst = 0.0;
    for (int i = 1; i <= 600; ++i) {
      const float others = -0.005F * static_cast<float>(i);
      const double rest = static_cast<double>(classes - 1) * std::exp(static_cast<double>(others));
      const double found = std::expm1(static_cast<double>(loss_of(classes, others, 0.0)));
      worst = std::max(worst, std::abs(found / rest - 1.0) / kUnit);
    }
    EXPECT_LT(worst, 48.0) << classes;
  }
}

}  // namespace
}  // namespace xent
