// What validation lets pass, and the errors that it finds.
#include "host/mlp/validate.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>
#include <xent/error.hpp>

#include "host/mlp/cpu_backend.hpp"
#include "host/mlp/trainer.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

/// 84 samples in batches of 16: 6 steps an epoch, the last of 4 samples.
const data::Dataset& training_set() {
  static const data::Dataset set = test::made_up_data(84, 5, 7);
  return set;
}

std::vector<std::string> names(const Validation& validation) {
  std::vector<std::string> all;
  for (const TensorValidation& one : validation.tensors) all.push_back(one.name);
  return all;
}

TEST(Validate, TheCpuIsWithinForEveryOptimizer) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    std::int64_t heard = 0;
    const Validation found = validate(test::busy_recipe(optimizer), training_set(), 12, {.threads = 2},
                                      [&](std::int64_t done, const BatchResult& result) {
                                        EXPECT_EQ(done, ++heard);
                                        EXPECT_GT(result.loss, 0.0);
                                      });
    EXPECT_TRUE(found.within()) << name(optimizer);
    EXPECT_EQ(found.steps, 12);
    EXPECT_EQ(heard, 12);
    EXPECT_TRUE(found.repeatable);
    EXPECT_EQ(names(found), (std::vector<std::string>{"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias",
                                                      "fc3.weight", "fc3.bias"}));
    EXPECT_GT(found.loss_drift, 0.0);
    for (const TensorValidation& one : found.tensors) {
      for (const Deviation& deviation : {one.gradient, one.update}) {
        // f32 differs from f64, or nothing was compared.
        EXPECT_GT(deviation.value, 0.0) << one.name;
        EXPECT_GE(deviation.step, 1);
        EXPECT_LE(deviation.step, 12);
      }
      EXPECT_GT(one.drift_rms, 0.0);
      EXPECT_LT(one.drift_rms, 0.01) << one.name;
    }
  }
}

TEST(Validate, TheReferenceAgreesWithItselfToTheLastBit) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    const Validation found =
        validate(test::busy_recipe(optimizer), training_set(), 8, {.device = Device::reference});
    EXPECT_TRUE(found.within());
    EXPECT_EQ(found.loss.value, 0.0);
    EXPECT_EQ(found.correct.value, 0.0);
    EXPECT_EQ(found.loss_drift, 0.0);
    for (const TensorValidation& one : found.tensors) {
      EXPECT_EQ(one.gradient.value, 0.0) << one.name;
      EXPECT_EQ(one.update.value, 0.0) << one.name;
      EXPECT_EQ(one.drift, 0.0) << one.name;
      EXPECT_EQ(one.drift_rms, 0.0) << one.name;
    }
  }
}

/// The CPU with an error planted.
class Faulty : public Backend {
 public:
  Faulty(const Recipe& recipe, const data::Dataset& train) : sound_(recipe, train, 1) {}

  std::vector<BatchResult> train(const Steps& steps) override { return sound_.train(steps); }
  void logits(const std::uint8_t* pixels, std::int64_t count, float* out) const override {
    sound_.logits(pixels, count, out);
  }
  NetworkState state() const override { return sound_.state(); }
  void set_state(const NetworkState& state) override { sound_.set_state(state); }
  DType dtype() const override { return sound_.dtype(); }

 private:
  CpuBackend sound_;
};

template <class Fault>
Validation validate_with(const Recipe& recipe = test::busy_recipe(), std::int64_t steps = 8) {
  return validate_made(recipe, training_set(), steps,
                       [](const Recipe& one) { return std::make_unique<Fault>(one, training_set()); });
}

bool gradients_within(const Validation& found) {
  return std::ranges::all_of(found.tensors, [](const auto& one) { return one.gradient.within(); });
}
bool updates_within(const Validation& found) {
  return std::ranges::all_of(found.tensors, [](const auto& one) { return one.update.within(); });
}

TEST(Validate, WithoutAFaultNothingIsFound) { EXPECT_TRUE(validate_with<Faulty>().within()); }

struct WrongRate : Faulty {
  using Faulty::Faulty;
  std::vector<BatchResult> train(const Steps& steps) override {
    std::vector<double> rates(steps.lr.begin(), steps.lr.end());
    for (double& rate : rates) rate *= 1.001;
    Steps wrong = steps;
    wrong.lr = rates;
    return Faulty::train(wrong);
  }
};

TEST(Validate, FindsAWrongLearningRateInTheUpdate) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
    const Validation found = validate_with<WrongRate>(test::busy_recipe(optimizer));
    EXPECT_FALSE(found.within());
    EXPECT_FALSE(updates_within(found));
    EXPECT_TRUE(gradients_within(found));
    EXPECT_TRUE(found.loss.within());
  }
}

struct OneGradientOff : Faulty {
  OneGradientOff(const Recipe& recipe, const data::Dataset& train)
      : Faulty(recipe, train), is_second_(recipe.optimizer == Optimizer::sgd) {}
  NetworkState state() const override {
    NetworkState network = Faulty::state();
    std::vector<double>& gradient = network[1].weight.moment1;
    const auto largest = std::ranges::max_element(gradient, {}, [](double g) { return std::abs(g); });
    if (is_second_) *largest *= 1.001;
    return network;
  }

 private:
  bool is_second_;
};

TEST(Validate, NamesTheTensorWithAGradientThatIsOffByAThousandth) {
  const Validation found = validate_with<OneGradientOff>();
  EXPECT_FALSE(found.within());
  for (const TensorValidation& one : found.tensors) {
    EXPECT_EQ(one.gradient.within(), one.name != "fc2.weight") << one.name;
  }
  EXPECT_NEAR(found.tensors[2].gradient.value, 1e-3, 1e-4);
}

/// What products of 10 bits do to the weights that enter them.
struct Tf32 : Faulty {
  using Faulty::Faulty;
  void set_state(const NetworkState& state) override {
    NetworkState rounded = state;
    for (LayerState& layer : rounded) {
      for (double& w : layer.weight.value) {
        int exponent = 0;
        const double fraction = std::frexp(w, &exponent);
        w = std::ldexp(std::nearbyint(std::ldexp(fraction, 11)), exponent - 11);
      }
    }
    Faulty::set_state(rounded);
  }
};

TEST(Validate, FindsProductsOfTooFewBits) { EXPECT_FALSE(gradients_within(validate_with<Tf32>())); }

/// As if one of the batch had not been gathered.
struct DroppedSample : Faulty {
  DroppedSample(const Recipe& recipe, const data::Dataset&) : Faulty(recipe, with_one_black()) {}
  static const data::Dataset& with_one_black() {
    static const data::Dataset set = [] {
      data::Dataset changed = training_set();
      std::fill_n(changed.pixels.begin() + 50 * 35, 35, std::uint8_t{0});
      return changed;
    }();
    return set;
  }
};

TEST(Validate, FindsASampleThatIsNotThere) {
  const Validation found = validate_with<DroppedSample>();  // 8 steps: more than an epoch
  EXPECT_FALSE(gradients_within(found));
  EXPECT_FALSE(found.loss.within());
  EXPECT_TRUE(updates_within(found));
}

struct OtherDropout : Faulty {
  OtherDropout(Recipe recipe, const data::Dataset& train) : Faulty((++recipe.seed, recipe), train) {}
};

TEST(Validate, FindsOtherRandomNumbers) { EXPECT_FALSE(validate_with<OtherDropout>().loss.within()); }

struct Miscounting : Faulty {
  using Faulty::Faulty;
  std::vector<BatchResult> train(const Steps& steps) override {
    std::vector<BatchResult> results = Faulty::train(steps);
    for (BatchResult& result : results) result.correct += 2;
    return results;
  }
};

TEST(Validate, FindsMiscountedAnswers) {
  const Validation found = validate_with<Miscounting>();
  EXPECT_FALSE(found.within());
  EXPECT_EQ(found.correct.value, 2.0);
}

/// Runs of steps that are under way at once and disturb each other.
struct Racing : Faulty {
  using Faulty::Faulty;
  std::int64_t steps_at_once() const override { return 4; }
  std::vector<BatchResult> train(const Steps& steps) override {
    std::vector<BatchResult> results = Faulty::train(steps);
    if (results.size() == 4) results[3].loss = std::nextafter(results[3].loss, 100.0);
    return results;
  }
};

TEST(Validate, FindsThatMoreStepsAtOnceGiveOtherBits) {
  const Validation found = validate_with<Racing>();
  EXPECT_FALSE(found.repeatable);
  EXPECT_FALSE(found.within());
  EXPECT_TRUE(updates_within(found) && gradients_within(found) && found.loss.within());
  EXPECT_TRUE(validate_with<Racing>(test::busy_recipe(), 3).repeatable);
}

struct NotANumber : Faulty {
  using Faulty::Faulty;
  NetworkState state() const override {
    NetworkState network = Faulty::state();
    network[2].bias.value[1] = network[2].bias.moment1[1] = std::nan("");
    return network;
  }
};

struct NanFromTheSecondStep : NotANumber {
  using NotANumber::NotANumber;
  std::vector<BatchResult> train(const Steps& steps) override {
    late_ = steps.first > 0;
    return Faulty::train(steps);
  }
  NetworkState state() const override { return late_ ? NotANumber::state() : Faulty::state(); }

 private:
  bool late_ = false;
};

TEST(Validate, StopsAtANumberThatIsNone) {
  const Validation found = validate_with<NanFromTheSecondStep>();
  EXPECT_FALSE(found.within());
  EXPECT_EQ(found.steps, 2);
  EXPECT_TRUE(std::isinf(found.tensors[5].gradient.value));
  EXPECT_TRUE(std::isinf(found.tensors[5].update.value));
  EXPECT_EQ(found.tensors[5].gradient.step, 2);
}

TEST(Validate, WhatF32CannotHoldIsDivergence) {
  Recipe recipe = test::busy_recipe(Optimizer::sgd);
  recipe.warmup_steps = 0;
  recipe.lr = 1e200;
  EXPECT_ERROR(Diverged, "step 1: a number is not finite, or more than",
               validate(recipe, training_set(), 8, {}));
  EXPECT_ERROR(Diverged, "step 2: a number is not finite",
               validate(recipe, training_set(), 8, {.device = Device::reference}));
}

TEST(Validate, RefusesStepsAndDataOutOfRange) {
  const Recipe recipe = test::busy_recipe();
  for (const std::int64_t steps : {-1, 0, 13}) {
    EXPECT_ERROR(InvalidArgument, "steps is " + std::to_string(steps) + ", must be from 1 to 12",
                 validate(recipe, training_set(), steps, {}));
  }
  const data::Dataset other = test::made_up_data(20, 6, 6);
  EXPECT_ERROR(InvalidArgument, "the data needs 36", validate(recipe, other, 1, {}));
}

}  // namespace
}  // namespace xent::mlp
