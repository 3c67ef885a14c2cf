// The judge is judged: right answers pass, and each of these mistakes is refused.
#include <functional>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/family/judge.hpp"
#include "tests/conformance/family/shrink.hpp"
#include "tests/support/compare.hpp"

namespace xent::testing::family {
namespace {

/// Everything on, in f32.
Case busy() {
  return settled({.seed = 5,
                  .rows = 8,
                  .classes = 40,
                  .dtype = DType::f32,
                  .reduction = Reduction::mean,
                  .ignore = true,
                  .smoothing = 0.1,
                  .weights = Weights::some,
                  .gamma = 2.0,
                  .z_loss = 0.01,
                  .logit_scale = 1.5,
                  .temperature = 2.0,
                  .softcap = 30.0,
                  .bias = Bias::finite,
                  .valid_classes = 33,
                  .scale = 2.0,
                  .values = Values::shared,
                  .upstream_lse = true,
                  .upstream_log_prob = true,
                  .upstream_entropy = true});
}

/// The reference's answers to `posed`, which another case may be asked with.
struct Answers {
  explicit Answers(const Case& posed) : inputs(posed), outputs(inputs) {
    cross_entropy(std::as_const(inputs.logits).view(), inputs.target(), outputs.views(inputs),
                  inputs.options(), inputs.upstream(), {.device = Device::reference});
  }
  Inputs inputs;
  Outputs outputs;
};

bool accepted(const Case& posed, const Outputs& answers) {
  const Quiet quiet;
  return static_cast<bool>(judge(Inputs(posed), answers));
}

void scale(VectorBuffer& vector, std::int64_t i, double factor) { vector.set(i, factor * vector.get(i)); }

TEST(Judge, AcceptsTheReference) {
  EXPECT_TRUE(judge(Inputs(busy()), Answers(busy()).outputs));
  for (const TargetKind target : {TargetKind::none, TargetKind::labels, TargetKind::probs}) {
    Case posed = busy();
    posed.target = target;
    posed.outputs = kEveryOutput;
    posed = settled(posed);
    EXPECT_TRUE(judge(Inputs(posed), Answers(posed).outputs)) << describe(posed);
  }
}

/// Each output by itself, a ten-thousandth off.
TEST(Judge, RefusesSmallRelativeErrors) {
  constexpr double kFactor = 1.0 + 1e-4;
  const std::pair<const char*, std::function<void(Outputs&)>> mistakes[] = {
      {"loss", [](Outputs& out) { scale(out.loss, 0, kFactor); }},
      {"row_loss", [](Outputs& out) { scale(out.row_loss, 3, kFactor); }},
      {"lse", [](Outputs& out) { scale(out.lse, 3, kFactor); }},
      {"log_prob", [](Outputs& out) { scale(out.log_prob, 3, kFactor); }},
      {"entropy", [](Outputs& out) { scale(out.entropy, 3, kFactor); }},
      {"divisor", [](Outputs& out) { scale(out.divisor, 0, 1.0 + 1e-12); }},
      {"argmax", [](Outputs& out) { out.argmax.set(3, out.argmax.get(3) + 1); }},
      {"target_rank", [](Outputs& out) { out.target_rank.set(3, out.target_rank.get(3) + 1); }},
      {"correct_count", [](Outputs& out) { ++*out.correct.address(); }},
      {"top_k_count", [](Outputs& out) { --*out.top_k.address(); }},
      {"valid_count", [](Outputs& out) { ++*out.valid.address(); }},
      {"gradient", [](Outputs& out) { out.grad.set(3, 7, kFactor * out.grad.get(3, 7)); }},
      {"gradient of targets",
       [](Outputs& out) { out.grad_targets.set(3, 7, kFactor * out.grad_targets.get(3, 7)); }},
      {"a padded class", [](Outputs& out) { out.grad.set(3, 35, 1e-30); }},
  };
  for (const auto& [name, plant] : mistakes) {
    Case posed = busy();
    posed.ignore = false;
    if (std::string_view(name) == "gradient of targets") {
      posed.target = TargetKind::probs;
      posed.outputs = kEveryOutput;
      posed = settled(posed);
    }
    Answers answers(posed);
    ASSERT_TRUE(accepted(posed, answers.outputs)) << name;
    plant(answers.outputs);
    EXPECT_FALSE(accepted(posed, answers.outputs)) << name;
  }
}

/// Answers to a question that is a little another one: a forgotten factor, a wrong count.
TEST(Judge, RefusesAnswersToAnotherQuestion) {
  const std::pair<const char*, std::function<void(Case&)>> mistakes[] = {
      {"smoothing over all columns", [](Case& posed) { posed.smoothing *= 33.0 / 40.0; }},
      {"smoothing", [](Case& posed) { posed.smoothing *= 1.001; }},
      {"weights", [](Case& posed) { posed.weights = Weights::all_ones; }},
      {"mean over rows", [](Case& posed) { posed.mean_over = MeanOver::valid_rows; }},
      {"gamma", [](Case& posed) { posed.gamma *= 1.001; }},
      {"half the penalty", [](Case& posed) { posed.z_loss *= 0.5; }},
      {"penalty", [](Case& posed) { posed.z_loss *= 1.001; }},
      {"scale", [](Case& posed) { posed.logit_scale *= 1.0 + 1e-4; }},
      {"temperature", [](Case& posed) { posed.temperature *= 1.0 + 1e-4; }},
      {"softcap", [](Case& posed) { posed.softcap *= 1.01; }},
      {"bias", [](Case& posed) { posed.bias = Bias::none; }},
      {"upstream scale", [](Case& posed) { posed.scale *= 1.0 + 1e-4; }},
      {"upstream lse", [](Case& posed) { posed.upstream_lse = false; }},
      {"upstream log_prob", [](Case& posed) { posed.upstream_log_prob = false; }},
      {"upstream entropy", [](Case& posed) { posed.upstream_entropy = false; }},
      {"valid_classes", [](Case& posed) { posed.valid_classes = 34; }},
  };
  for (const auto& [name, plant] : mistakes) {
    Case other = busy();
    other.outputs = kGrad | kRowLoss;
    const Case posed = other;
    plant(other);
    EXPECT_FALSE(accepted(posed, Answers(other).outputs)) << name;
  }
}

/// e^-40 is below the rounding of 1, and still must not come out as 0.
TEST(Judge, RefusesLostDigitsOfAConfidentRow) {
  for (const Weights weights : {Weights::none, Weights::some}) {
    const Case posed =
        settled({.rows = 8, .dtype = DType::f32, .style = RowStyle::confident, .weights = weights});
    Answers answers(posed);
    ASSERT_TRUE(accepted(posed, answers.outputs));
    std::int64_t planted = 0;
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      const std::int64_t label = answers.inputs.labels.get(r);
      if (answers.inputs.logits.get(r, label) != 40.0) continue;
      Answers lost(posed);
      lost.outputs.grad.set(r, label, 0.0);
      EXPECT_FALSE(accepted(posed, lost.outputs)) << "gradient of row " << r;
      Answers flat(posed);
      scale(flat.outputs.row_loss, r, 1.0001);
      EXPECT_FALSE(accepted(posed, flat.outputs)) << "loss of row " << r;
      ++planted;
    }
    EXPECT_GT(planted, 0);
  }
}

/// What shrinking leaves of a case that fails for one option.
TEST(Judge, ShrinksToTheOptionAtFault) {
  const Case posed = busy();
  const auto fails = [](const Case& simpler) {
    Case forgotten = simpler;
    forgotten.upstream_entropy = false;
    return !accepted(simpler, Answers(forgotten).outputs);
  };
  const Case simplest = shrink(posed, fails);
  EXPECT_TRUE(simplest.upstream_entropy);
  EXPECT_EQ(simplest.rows, 1);
  EXPECT_LE(simplest.classes, 3);
  EXPECT_EQ(simplest.outputs, std::uint32_t{kGrad});
  EXPECT_EQ(describe(simplest).find("focal"), std::string::npos) << describe(simplest);
}

}  // namespace
}  // namespace xent::testing::family
