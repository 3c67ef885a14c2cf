// Each loop against its formula in double, for every instruction set of this machine.
#include "host/mlp/slab_loops.hpp"

#include <cmath>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <hwy/highway.h>

#include "host/mlp/slab_network.hpp"
#include "tests/mlp/dark_data.hpp"

namespace xent::mlp {
namespace {

constexpr std::int64_t kFeatures = 77, kRows = 70, kClasses = 7;  // more than a word of each
constexpr double kBound = 2e-6;                                   // of sums of at most 128 numbers below 1

class SlabLoops : public testing::TestWithParam<std::uint32_t> {
 protected:
  void SetUp() override {
    hwy::SetSupportedTargetsForTest(GetParam());
    set_ = test::dark_data(kRows, 7, 11);
    x_.take(set_.pixels.data(), kRows);
  }
  void TearDown() override { hwy::SetSupportedTargetsForTest(0); }

  static AlignedFloats numbers(std::int64_t n, std::uint32_t salt) {
    AlignedFloats floats = aligned_floats(n);
    for (std::size_t i = 0; i < static_cast<std::size_t>(n); ++i) {
      const std::uint32_t word = RandomStream(salt, Purpose::dropout, 0).word(i);
      floats[i] = static_cast<float>(word >> 8U) * 0x1p-23F - 1.0F;
    }
    return floats;
  }
  double pixel(std::int64_t r, std::int64_t i) const {
    return set_.pixels[static_cast<std::size_t>(r * kFeatures + i)] / 255.0;
  }
  static double sum(std::int64_t n, const std::function<double(std::int64_t)>& term) {
    double total = 0.0;
    for (std::int64_t i = 0; i < n; ++i) total += term(i);
    return total;
  }

  /// After a step of SGD without decay from rest, the momentum is the gradient, and the weight has moved by
  /// it.
  static void expect_gradient(const SlabTensor& tensor, const float* before, std::int64_t place,
                              double gradient) {
    ASSERT_NEAR(tensor.moment1[place], gradient, 64 * kBound);
    ASSERT_NEAR(tensor.value[place], before[place] - 0.5 * gradient, 64 * kBound);
  }
  static constexpr UpdateRuleF32 kSgd{{.step_size = 0.5F}, false};

  data::Dataset set_{};
  PixelBatch x_{kFeatures, kRows, 1.0};
  AlignedFloats weight_ = numbers(kFeatures * kSlab, 1);
  AlignedFloats bias_ = numbers(kSlab, 2);
  AlignedFloats out_weight_ = numbers(kClasses * kSlab, 3);
  AlignedFloats hidden_ = numbers(kRows * kSlab, 4);
  AlignedFloats delta_ = numbers(kRows * kSlab, 5);
  AlignedFloats by_logits_ = numbers(kRows * kClasses, 6);
  AlignedFloats moment_ = aligned_floats(kFeatures * kSlab);
  LogitGradient gradient_{by_logits_.get(), kRows, kClasses};
};

std::vector<std::uint32_t> targets() {
  std::vector<std::uint32_t> list;
  for (const auto target : hwy::SupportedAndGeneratedTargets())
    list.push_back(static_cast<std::uint32_t>(target));
  return list;
}
INSTANTIATE_TEST_SUITE_P(Targets, SlabLoops, testing::ValuesIn(targets()),
                         [](const auto& target) { return std::string(hwy::TargetName(target.param)); });

TEST_P(SlabLoops, HiddenUnitsAreTheirSumsCutAtZero) {
  slab_hidden(x_, weight_.get(), bias_.get(), hidden_.get());
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t h = 0; h < kSlab; ++h) {
      const double z =
          bias_[h] + sum(kFeatures, [&](auto i) { return pixel(r, i) * weight_[i * kSlab + h]; });
      ASSERT_NEAR(hidden_[r * kSlab + h], std::max(z, 0.0), 16 * kBound) << r << " " << h;
    }
  }
}

TEST_P(SlabLoops, AHiddenUnitThatIsNoNumberStaysNone) {
  bias_[5] = std::nanf("");
  slab_hidden(x_, weight_.get(), bias_.get(), hidden_.get());
  EXPECT_TRUE(std::isnan(hidden_[5]));
}

TEST_P(SlabLoops, LogitsAndTheirWayBack) {
  for (std::int64_t i = 0; i < kRows * kSlab; i += 3) hidden_[i] = 0.0F;
  AlignedFloats logits = aligned_floats(kRows * kClasses);
  slab_logits(hidden_.get(), kRows, out_weight_.get(), kClasses, logits.get());
  slab_delta(gradient_, out_weight_.get(), hidden_.get(), 1.25F, delta_.get());
  for (std::int64_t r = 0; r < kRows; ++r) {
    for (std::int64_t c = 0; c < kClasses; ++c) {
      const auto term = [&](auto h) { return double{hidden_[r * kSlab + h]} * out_weight_[c * kSlab + h]; };
      ASSERT_NEAR(logits[r * kClasses + c], sum(kSlab, term), 16 * kBound);
    }
    for (std::int64_t h = 0; h < kSlab; ++h) {
      const auto term = [&](auto c) {
        return double{by_logits_[r * kClasses + c]} * out_weight_[c * kSlab + h];
      };
      const double expected = hidden_[r * kSlab + h] > 0 ? 1.25 * sum(kClasses, term) : 0.0;
      ASSERT_NEAR(delta_[r * kSlab + h], expected, 4 * kBound);
    }
  }
}

TEST_P(SlabLoops, TinyDeltasBecomeZero) {
  for (std::int64_t i = 0; i < kRows * kClasses; ++i) by_logits_[i] = 1e-35F;
  slab_delta(gradient_, out_weight_.get(), hidden_.get(), 1.0F, delta_.get());
  for (std::int64_t i = 0; i < kRows * kSlab; ++i) ASSERT_EQ(delta_[i], 0.0F);
}

TEST_P(SlabLoops, UpdatesGoByTheirGradients) {
  const auto input_before = numbers(kFeatures * kSlab, 1), bias_before = numbers(kSlab, 2);
  const auto output_before = numbers(kClasses * kSlab, 3);
  AlignedFloats bias_moment = aligned_floats(kSlab), output_moment = aligned_floats(kClasses * kSlab);
  const SlabTensor input{weight_.get(), moment_.get()}, bias{bias_.get(), bias_moment.get()};
  const SlabTensor output{out_weight_.get(), output_moment.get()};
  slab_update_inputs(kSgd, x_, delta_.get(), input);
  slab_update_bias(kSgd, delta_.get(), kRows, bias);
  slab_update_outputs(kSgd, gradient_, hidden_.get(), output);
  for (std::int64_t h = 0; h < kSlab; ++h) {
    const auto delta = [&](auto r) { return double{delta_[r * kSlab + h]}; };
    expect_gradient(bias, bias_before.get(), h, sum(kRows, delta));
    for (std::int64_t i = 0; i < kFeatures; ++i) {
      const double gradient = sum(kRows, [&](auto r) { return pixel(r, i) * delta(r); });
      expect_gradient(input, input_before.get(), i * kSlab + h, gradient);
    }
    for (std::int64_t c = 0; c < kClasses; ++c) {
      const auto term = [&](auto r) { return double{by_logits_[r * kClasses + c]} * hidden_[r * kSlab + h]; };
      expect_gradient(output, output_before.get(), c * kSlab + h, sum(kRows, term));
    }
  }
}

TEST_P(SlabLoops, IdleUpdatesRunOneAfterTheOther) {
  for (std::int64_t i = 0; i < kFeatures * kSlab; ++i) moment_[i] = 1.0F;
  UpdateRuleF32 rules[] = {kSgd, kSgd};
  rules[0].momentum = 0.5F;
  rules[1].momentum = 0.25F;
  slab_update_idle(rules, 2, {weight_.get(), moment_.get()});
  slab_update_idle({}, 3, {weight_.get(), moment_.get()});
  const auto before = numbers(kFeatures * kSlab, 1);
  for (std::int64_t place = 0; place < kFeatures * kSlab; ++place) {
    const bool idle = place / kSlab == 2;
    ASSERT_EQ(moment_[place], idle ? 0.125F : 1.0F) << place;
    ASSERT_NEAR(weight_[place], before[place] - (idle ? 0.5 * (0.5 + 0.125) : 0.0), kBound) << place;
  }
}

}  // namespace
}  // namespace xent::mlp
