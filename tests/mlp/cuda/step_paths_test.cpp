// The ways to take steps, against one another: for the emulation and for a real device.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xent/error.hpp>

#include "host/cuda/runtime.hpp"
#include "host/data/synthetic.hpp"
#include "host/mlp/validate.hpp"
#include "tests/mlp/cuda/compared.hpp"
#include "tests/mlp/cuda/runs.hpp"

namespace xent::mlp {
namespace {

using test::expect_equal;
using test::expect_near;
using test::kSteps;
using test::train;
using test::training_set;
using ::testing::HasSubstr;
using ::testing::Property;
using ::testing::Throws;

constexpr Exec kCuda{.device = Device::cuda, .threads = 1};
constexpr Optimizer kOptimizers[] = {Optimizer::sgd, Optimizer::adam, Optimizer::adamw};

std::unique_ptr<Backend> started(const Recipe& recipe, StepPath path) {
  return test::started(recipe, Device::cuda, training_set(), path);
}

Recipe one_hidden_layer(Optimizer optimizer = Optimizer::adam) {
  Recipe recipe = test::busy_recipe(optimizer);
  recipe.layers = {35, 20, 10};
  return recipe;
}

TEST(StepPaths, GraphAndStreamGiveTheSameBits) {
  for (const Optimizer optimizer : kOptimizers) {
    const Recipe recipe = test::busy_recipe(optimizer);
    const auto graph = started(recipe, StepPath::graph);
    const auto stream = started(recipe, StepPath::stream);
    for (const std::int64_t epoch : {0, 1}) {
      expect_equal(train(*graph, epoch, 0, kSteps), train(*stream, epoch, 0, kSteps));
    }
    expect_equal(graph->state(), stream->state());
  }
}

TEST(StepPaths, ResidentStepsAgreeWithTheOthersAndTheCpu) {
  for (const Optimizer optimizer : kOptimizers) {
    const Recipe recipe = one_hidden_layer(optimizer);
    const auto resident = started(recipe, StepPath::resident);
    const auto stream = started(recipe, StepPath::stream);
    const auto cpu = test::started(recipe, Device::cpu);
    const std::vector<BatchResult> found = train(*resident, 0, 0, kSteps);
    expect_near(found, train(*stream, 0, 0, kSteps), 1e-5);
    expect_near(found, train(*cpu, 0, 0, kSteps), 1e-5);
    expect_near(resident->state(), stream->state(), 2e-4);
    expect_near(resident->state(), cpu->state(), 2e-4);
  }
}

TEST(StepPaths, ResidentStepsGiveTheSameBitsEachTimeAndHoweverManyAtOnce) {
  const Recipe recipe = one_hidden_layer();
  const auto straight = started(recipe, StepPath::resident);
  const std::vector<BatchResult> expected = train(*straight, 0, 0, kSteps);
  for (int again = 0; again < 4; ++again) {
    const auto whole = started(recipe, StepPath::resident);
    expect_equal(train(*whole, 0, 0, kSteps), expected);
    expect_equal(whole->state(), straight->state());
  }
  const auto parts = started(recipe, StepPath::resident);
  std::vector<BatchResult> found = train(*parts, 0, 0, 4);
  for (const BatchResult& one : train(*parts, 0, 4, 2)) found.push_back(one);
  expect_equal(found, expected);
  expect_equal(parts->state(), straight->state());
}

/// Four hidden units to a block: whatever the device, all of its multiprocessors meet.
TEST(StepPaths, ResidentStepsOnEveryMultiprocessorAreWithinWhatRoundingExplains) {
  const data::TrainTest digits = data::synthetic_digits({.train = 72, .test = 1, .seed = 4});
  Recipe recipe;
  recipe.layers = {784, 4 * cuda::device_properties().multiprocessors, 10};
  recipe.batch = 16;
  recipe.epochs = 2;
  recipe.shift = 1;
  recipe.dropout = 0.1;
  const Validation found = validate(recipe, digits.train, 7, kCuda, {}, StepPath::resident);
  EXPECT_TRUE(found.within());
  EXPECT_EQ(found.steps, 7);
}

TEST(StepPaths, OfWhatIsAskedForTheBackendTellsWhatItTookAndWhy) {
  const auto choice = [](const Recipe& recipe, StepPath path) {
    return *started(recipe, path)->step_choice();
  };
  for (const StepPath path : {StepPath::resident, StepPath::graph, StepPath::stream}) {
    const StepChoice chosen = choice(one_hidden_layer(), path);
    EXPECT_EQ(chosen.path, path);
    EXPECT_EQ(chosen.why, "asked for");
  }
  const StepChoice on_chip = choice(one_hidden_layer(), StepPath::automatic);
  EXPECT_EQ(on_chip.path, StepPath::resident);
  EXPECT_THAT(on_chip.why, HasSubstr("the network stays on chip, on "));
  const StepChoice deep = choice(test::busy_recipe(), StepPath::automatic);
  EXPECT_EQ(deep.path, StepPath::graph);
  EXPECT_EQ(deep.why, "the network cannot stay on chip: it has 2 hidden layers, must have 1");
  EXPECT_FALSE(test::started(test::busy_recipe(), Device::cpu)->step_choice());
}

TEST(StepPaths, WhatCannotBeIsRefused) {
  EXPECT_THAT([] { started(test::busy_recipe(), StepPath::resident); },
              Throws<Unsupported>(Property(
                  &Unsupported::what, HasSubstr("trainer: path is resident, and the network cannot stay on "
                                                "chip: it has 2 hidden layers, must have 1"))));
  Recipe wide = one_hidden_layer();
  wide.layers[1] = std::int64_t{1} << 17;
  EXPECT_THAT([&] { started(wide, StepPath::resident); },
              Throws<Unsupported>(Property(&Unsupported::what, HasSubstr(" bytes of shared memory"))));
  for (const Device device : {Device::cpu, Device::reference}) {
    EXPECT_THAT(
        [&] { test::started(one_hidden_layer(), device, training_set(), StepPath::graph); },
        Throws<InvalidArgument>(Property(
            &InvalidArgument::what,
            HasSubstr(std::string("trainer: path is graph, must be auto on device ") + name(device)))));
  }
}

}  // namespace
}  // namespace xent::mlp
