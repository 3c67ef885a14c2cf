// Every schedule at its first step, its middle, its last, and through warm-up.
#include "host/mlp/schedule.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace xent::mlp {
namespace {

Recipe recipe_with(Schedule schedule) {
  Recipe recipe;
  recipe.lr = 0.5;
  recipe.final_lr_ratio = 0.01;
  recipe.schedule = schedule;
  return recipe;
}

constexpr std::int64_t kTotal = 101;  // so that step 50 is the middle

TEST(Schedule, StartsAtLrAndEndsAtTheRatio) {
  for (const Schedule schedule : {Schedule::linear, Schedule::cosine, Schedule::exponential}) {
    const Recipe recipe = recipe_with(schedule);
    EXPECT_DOUBLE_EQ(learning_rate(recipe, 0, kTotal), 0.5) << name(schedule);
    EXPECT_NEAR(learning_rate(recipe, kTotal - 1, kTotal), 0.005, 1e-15) << name(schedule);
    for (std::int64_t step = 1; step < kTotal; ++step) {
      ASSERT_LT(learning_rate(recipe, step, kTotal), learning_rate(recipe, step - 1, kTotal));
    }
  }
}

TEST(Schedule, Middles) {
  EXPECT_DOUBLE_EQ(learning_rate(recipe_with(Schedule::constant), 50, kTotal), 0.5);
  EXPECT_DOUBLE_EQ(learning_rate(recipe_with(Schedule::linear), 50, kTotal), 0.5 * 0.505);
  EXPECT_DOUBLE_EQ(learning_rate(recipe_with(Schedule::cosine), 50, kTotal), 0.5 * 0.505);
  EXPECT_DOUBLE_EQ(learning_rate(recipe_with(Schedule::exponential), 50, kTotal), 0.5 * 0.1);
  // A quarter of the way the cosine stands at (1 + cos 45°) / 2.
  EXPECT_DOUBLE_EQ(learning_rate(recipe_with(Schedule::cosine), 25, kTotal),
                   0.5 * (0.01 + 0.99 * (1.0 + std::sqrt(0.5)) / 2.0));
}

TEST(Schedule, WarmsUpLinearlyToFullLr) {
  for (const Schedule schedule :
       {Schedule::constant, Schedule::linear, Schedule::cosine, Schedule::exponential}) {
    Recipe recipe = recipe_with(schedule);
    recipe.warmup_steps = 4;
    for (std::int64_t step = 0; step <= 4; ++step) {
      EXPECT_DOUBLE_EQ(learning_rate(recipe, step, kTotal), 0.1 * static_cast<double>(step + 1));
    }
    const double last = schedule == Schedule::constant ? 0.5 : 0.005;
    EXPECT_NEAR(learning_rate(recipe, kTotal - 1, kTotal), last, 1e-15);
  }
}

TEST(Schedule, RunsOfOneStepAndWarmUpsBeyondTheEnd) {
  for (const Schedule schedule : {Schedule::linear, Schedule::cosine, Schedule::exponential}) {
    Recipe recipe = recipe_with(schedule);
    EXPECT_DOUBLE_EQ(learning_rate(recipe, 0, 1), 0.5);
    recipe.warmup_steps = 9;
    EXPECT_DOUBLE_EQ(learning_rate(recipe, 2, 3), 0.15);
  }
}

}  // namespace
}  // namespace xent::mlp
