// The optimizer's kernel against its formulas in double.
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "host/mlp/update_rule.hpp"
#include "kernels/instances/mlp.hpp"
#include "tests/mlp/cuda/steps.hpp"
#include "tests/simt/options.hpp"
#include "tests/support/rng.hpp"

namespace xent::mlp {
namespace {

struct Parameters {
  std::vector<float> gradient, value, moment1, moment2;

  explicit Parameters(std::size_t size, bool adaptive) {
    xent::testing::Rng rng(size);
    for (std::size_t i = 0; i < size; ++i) {
      gradient.push_back(static_cast<float>(rng.normal() * 0.1));
      value.push_back(static_cast<float>(rng.normal()));
      moment1.push_back(static_cast<float>(rng.normal() * 0.1));
      if (adaptive) moment2.push_back(static_cast<float>(rng.uniform() * 0.01));
    }
  }
};

void expect_near(float actual, double expected, const char* what) {
  ASSERT_NEAR(static_cast<double>(actual), expected, 1e-6 * (1.0 + std::abs(expected))) << what;
}

void expect_the_formulas(const Recipe& recipe, std::size_t size, unsigned grid) {
  const bool adaptive = recipe.optimizer != Optimizer::sgd;
  const UpdateRule rule = update_rule(recipe, 4, recipe.lr);
  const Parameters before(size, adaptive);
  Parameters after = before;
  test::MadeUpSteps steps({.update = in_f32(rule)});
  gpu::launch_optimizer({.grid = grid}, adaptive,
                        {.gradient = after.gradient.data(),
                         .value = after.value.data(),
                         .moment1 = after.moment1.data(),
                         .moment2 = adaptive ? after.moment2.data() : nullptr,
                         .size = static_cast<std::int64_t>(size),
                         .steps = steps.table()});
  EXPECT_EQ(after.gradient, before.gradient);
  for (std::size_t i = 0; i < size; ++i) {
    const double w = before.value[i];
    const double g = before.gradient[i] + rule.coupled_decay * w;
    if (adaptive) {
      const double m = before.moment1[i] + (1.0 - rule.beta1) * (g - before.moment1[i]);
      const double v = rule.beta2 * before.moment2[i] + (1.0 - rule.beta2) * g * g;
      expect_near(after.moment1[i], m, "moment1");
      expect_near(after.moment2[i], v, "moment2");
      expect_near(
          after.value[i],
          rule.shrink * w - rule.step_size * m / (std::sqrt(v) * rule.denominator_scale + rule.epsilon),
          "value");
    } else {
      const double m = rule.momentum * before.moment1[i] + g;
      expect_near(after.moment1[i], m, "moment1");
      expect_near(after.value[i], w - rule.step_size * m, "value");
    }
  }
}

TEST(OptimizerKernel, FollowsTheFormulasOfEach) {
  for (const Optimizer optimizer : {Optimizer::adam, Optimizer::adamw, Optimizer::sgd}) {
    for (const std::size_t size : {1U, 3U, 4U, 37U, 3000U}) {
      SCOPED_TRACE(::testing::Message() << name(optimizer) << ", " << size);
      Recipe recipe;
      recipe.optimizer = optimizer;
      recipe.weight_decay = 0.1;
      recipe.lr = 0.02;
      simt::for_each_schedule(1, [&] { expect_the_formulas(recipe, size, 2); });
    }
  }
}

TEST(OptimizerKernel, LeavesZerosAtZero) {
  for (const Optimizer optimizer : {Optimizer::adam, Optimizer::adamw, Optimizer::sgd}) {
    Recipe recipe;
    recipe.optimizer = optimizer;
    recipe.weight_decay = 0.1;
    test::MadeUpSteps steps({.update = in_f32(update_rule(recipe, 0, recipe.lr))});
    std::vector<float> gradient(6, 0.0F), value(6, 0.0F), moment1(6, 0.0F), moment2(6, 0.0F);
    gpu::launch_optimizer({}, optimizer != Optimizer::sgd,
                          {.gradient = gradient.data(),
                           .value = value.data(),
                           .moment1 = moment1.data(),
                           .moment2 = moment2.data(),
                           .size = 6,
                           .steps = steps.table()});
    EXPECT_EQ(value, gradient);
    EXPECT_EQ(moment1, gradient);
    EXPECT_EQ(moment2, gradient);
  }
}

}  // namespace
}  // namespace xent::mlp
