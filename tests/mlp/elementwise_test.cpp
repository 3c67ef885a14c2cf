// Each loop against its formula, for every instruction set of this machine and for awkward lengths.
#include "host/mlp/elementwise.hpp"

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <hwy/highway.h>

namespace xent::mlp {
namespace {

constexpr std::int64_t kLengths[] = {0, 1, 2, 3, 7, 15, 16, 17, 31, 33, 63, 129, 257, 1025};

/// A test body run once per instruction set.
class Elementwise : public testing::TestWithParam<std::uint32_t> {
 protected:
  void SetUp() override { hwy::SetSupportedTargetsForTest(GetParam()); }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }

  static std::vector<float> numbers(std::int64_t n, std::uint32_t salt, float scale = 1.0F) {
    std::vector<float> values(static_cast<std::size_t>(n));
    for (std::size_t i = 0; i < values.size(); ++i) {
      const std::uint32_t word = RandomStream(salt, Purpose::dropout, 0).word(i);
      values[i] = scale * (static_cast<float>(word >> 8U) * 0x1p-23F - 1.0F);
    }
    return values;
  }
};

std::vector<std::uint32_t> targets() {
  std::vector<std::uint32_t> list;
  for (const auto target : hwy::SupportedAndGeneratedTargets())
    list.push_back(static_cast<std::uint32_t>(target));
  return list;
}
std::string target_name(const testing::TestParamInfo<std::uint32_t>& target) {
  return hwy::TargetName(target.param);
}
INSTANTIATE_TEST_SUITE_P(Targets, Elementwise, testing::ValuesIn(targets()), target_name);

TEST_P(Elementwise, PixelsAreDividedBy255Exactly) {
  std::vector<std::uint8_t> pixels(256 + 13);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i);
  std::vector<float> out(pixels.size() + 1, -1.0F);
  normalise_pixels(pixels.data(), static_cast<std::int64_t>(pixels.size()), out.data());
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    EXPECT_EQ(out[i], static_cast<float>(pixels[i]) / 255.0F);
  }
  EXPECT_EQ(out.back(), -1.0F);
}

TEST_P(Elementwise, BiasAndReluKeepNan) {
  for (const std::int64_t cols : kLengths) {
    const std::int64_t stride = cols + 3;
    const std::vector<float> bias = numbers(cols, 1);
    for (const bool relu : {false, true}) {
      std::vector<float> x = numbers(3 * stride, 2);
      if (cols > 0) x[0] = std::numeric_limits<float>::quiet_NaN();
      const std::vector<float> before = x;
      add_bias({x.data(), 3, cols, stride}, bias.data(), relu);
      for (std::int64_t i = 0; i < 3 * stride; ++i) {
        const auto at = static_cast<std::size_t>(i);
        if (i % stride >= cols) {
          ASSERT_EQ(x[at], before[at]) << "padding";
        } else if (std::isnan(before[at])) {
          ASSERT_TRUE(std::isnan(x[at]));
        } else {
          const float sum = before[at] + bias[static_cast<std::size_t>(i % stride)];
          ASSERT_EQ(x[at], relu && sum < 0.0F ? 0.0F : sum);
        }
      }
    }
  }
}

TEST_P(Elementwise, DropoutFollowsTheStreamWhereverItIsSplit) {
  const RandomStream stream(6, Purpose::dropout, 12, 1);
  const std::uint32_t threshold = dropout_threshold(0.3);
  std::vector<float> x = numbers(1000, 3);
  const std::vector<float> before = x;
  apply_dropout(stream, 0, 400, threshold, 2.0F, x.data());
  apply_dropout(stream, 400, 600, threshold, 2.0F, x.data() + 400);
  for (std::size_t i = 0; i < x.size(); ++i) {
    ASSERT_EQ(x[i], stream.word(i) < threshold ? 0.0F : 2.0F * before[i]) << i;
  }
}

TEST_P(Elementwise, DropoutDropsItsShare) {
  constexpr std::int64_t kCount = 100000;
  for (const double probability : {0.1, 0.5, 0.9}) {
    std::vector<float> x(kCount, 1.0F);
    apply_dropout(RandomStream(1, Purpose::dropout, 0), 0, kCount, dropout_threshold(probability),
                  static_cast<float>(1.0 / (1.0 - probability)), x.data());
    double sum = 0.0;
    std::int64_t dropped = 0;
    for (const float value : x) {
      sum += value;
      dropped += value == 0.0F ? 1 : 0;
    }
    const double deviation = std::sqrt(kCount * probability * (1.0 - probability));
    EXPECT_NEAR(static_cast<double>(dropped), kCount * probability, 5.0 * deviation);
    EXPECT_NEAR(sum, kCount, 5.0 * deviation / (1.0 - probability));  // the mean is kept
  }
}

TEST_P(Elementwise, ReluBackwardCutsScalesAndFlushes) {
  for (const std::int64_t cols : kLengths) {
    const std::int64_t stride = cols + 2;
    const std::vector<float> activation = numbers(2 * stride, 4);
    std::vector<float> delta = numbers(2 * stride, 5);
    if (cols > 0) delta[0] = 1e-35F;
    const std::vector<float> before = delta;
    relu_backward(activation.data(), 1.25F, {delta.data(), 2, cols, stride});
    for (std::int64_t i = 0; i < 2 * stride; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const bool kept = activation[at] > 0.0F && std::abs(before[at]) > 0x1p-100F;
      const float expected = kept ? 1.25F * before[at] : 0.0F;
      ASSERT_EQ(delta[at], i % stride >= cols ? before[at] : expected);
    }
  }
}

TEST_P(Elementwise, FlushTinyKeepsTheRest) {
  constexpr float kInf = std::numeric_limits<float>::infinity();
  std::vector<float> x(40, 1.0F);
  x[0] = 1e-40F;
  x[1] = -0x1p-101F;
  x[2] = 0x1p-100F;
  x[3] = -kInf;
  x[4] = std::numeric_limits<float>::quiet_NaN();
  flush_tiny({x.data(), 1, 40, 40});
  EXPECT_EQ(x[0], 0.0F);
  EXPECT_EQ(x[1], 0.0F);
  EXPECT_EQ(x[2], 0x1p-100F);
  EXPECT_EQ(x[3], -kInf);
  EXPECT_TRUE(std::isnan(x[4]));
  EXPECT_EQ(x[39], 1.0F);
}

TEST_P(Elementwise, ColumnSums) {
  for (const std::int64_t cols : kLengths) {
    const std::int64_t stride = cols + 5;
    const std::vector<float> x = numbers(9 * stride, 6);
    std::vector<float> sums(static_cast<std::size_t>(cols) + 1, -7.0F);
    column_sums(x.data(), 9, cols, stride, sums.data());
    for (std::int64_t c = 0; c < cols; ++c) {
      float sum = 0.0F;
      for (std::int64_t r = 0; r < 9; ++r) sum += x[static_cast<std::size_t>(r * stride + c)];
      ASSERT_EQ(sums[static_cast<std::size_t>(c)], sum);
    }
    ASSERT_EQ(sums.back(), -7.0F);
  }
}

struct UpdateCase {
  UpdateRule rule;
  double w, m, v, g;
};

/// The formulas of update_rule.hpp.
UpdateCase updated(UpdateCase c) {
  const double g = c.g + c.rule.coupled_decay * c.w;
  if (!c.rule.adaptive) {
    c.m = c.rule.momentum * c.m + g;
    c.w -= c.rule.step_size * c.m;
    return c;
  }
  c.m += (1.0 - c.rule.beta1) * (g - c.m);
  c.v = c.rule.beta2 * c.v + (1.0 - c.rule.beta2) * g * g;
  c.w = c.rule.shrink * c.w -
        c.rule.step_size * c.m / (std::sqrt(c.v) * c.rule.denominator_scale + c.rule.epsilon);
  return c;
}

TEST_P(Elementwise, UpdatesFollowTheirFormulas) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    Recipe recipe;
    recipe.optimizer = optimizer;
    recipe.weight_decay = 0.1;
    const UpdateRule rule = update_rule(recipe, 4, 0.02);
    for (const std::int64_t n : kLengths) {
      const std::vector<float> g = numbers(n, 7, 0.1F);
      std::vector<float> w = numbers(n + 1, 8);
      std::vector<float> m = numbers(n + 1, 9, 0.1F);
      std::vector<float> v = numbers(n + 1, 10, 0.01F);
      for (float& x : v) x = std::abs(x);
      const std::vector<float> w0 = w, m0 = m, v0 = v;
      update(rule, n, g.data(), w.data(), m.data(), rule.adaptive ? v.data() : nullptr);
      for (std::size_t i = 0; i < g.size(); ++i) {
        const UpdateCase expected = updated({rule, w0[i], m0[i], v0[i], g[i]});
        ASSERT_NEAR(w[i], expected.w, 5e-7) << name(optimizer) << " " << i;
        ASSERT_NEAR(m[i], expected.m, 2e-7);
        if (rule.adaptive) {
          ASSERT_NEAR(v[i], expected.v, 2e-9);
        }
      }
      ASSERT_EQ(w.back(), w0.back());
      ASSERT_EQ(m.back(), m0.back());
      ASSERT_EQ(v.back(), v0.back());
    }
  }
}

TEST_P(Elementwise, MomentsNeverBecomeSubnormal) {
  const UpdateRule rule = update_rule(Recipe{}, 0, 0.01);
  std::vector<float> g(5, 0.0F), w(5, 1.0F), m(5, 1e-3F), v(5, 1e-6F);
  for (int step = 0; step < 2000; ++step) {
    update(rule, 5, g.data(), w.data(), m.data(), v.data());
    for (const float x : m) ASSERT_NE(std::fpclassify(x), FP_SUBNORMAL);
    for (const float x : v) ASSERT_NE(std::fpclassify(x), FP_SUBNORMAL);
  }
  EXPECT_EQ(m[0], 0.0F);
}

}  // namespace
}  // namespace xent::mlp
