// A run of steps in one launch, by the emulation, against the reference and against a kernel for each
// operation.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <xent/error.hpp>

#include "host/mlp/cuda/resident_plan.hpp"
#include "tests/emulated/device.hpp"
#include "tests/mlp/cuda/compared.hpp"
#include "tests/mlp/cuda/runs.hpp"
#include "tests/simt/options.hpp"

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
using xent::testing::EmulatedDevice;

/// 20 units on 5 multiprocessors are 4 to a block.
plan::DeviceProperties device(int multiprocessors, std::size_t shared = 227U << 10U) {
  plan::DeviceProperties properties = xent::testing::kLargeDevice;
  properties.multiprocessors = multiprocessors;
  properties.shared_per_block = shared;
  return properties;
}

Recipe one_hidden_layer(Optimizer optimizer = Optimizer::adam, std::int64_t hidden = 20) {
  Recipe recipe = test::busy_recipe(optimizer);
  recipe.layers = {35, hidden, 10};
  return recipe;
}

Recipe plain(std::int64_t hidden = 20) {
  Recipe recipe = one_hidden_layer(Optimizer::adam, hidden);
  recipe.weight_decay = recipe.label_smoothing = recipe.dropout = recipe.input_dropout = 0.0;
  recipe.shift = 0;
  return recipe;
}

std::unique_ptr<Backend> started(const Recipe& recipe, StepPath path,
                                 const data::Dataset& data = training_set()) {
  return test::started(recipe, Device::cuda, data, path);
}
std::unique_ptr<Backend> reference(const Recipe& recipe, const data::Dataset& data = training_set()) {
  return test::started(recipe, Device::reference, data);
}

/// After one SGD step without decay the momentum buffer is the gradient itself.
TEST(Resident, GradientsAgreeWithTheReference) {
  const data::Dataset dataset = test::made_up_data(130, 5, 7);
  for (const int multiprocessors : {1, 2, 9}) {
    const EmulatedDevice emulated(device(multiprocessors));
    for (const std::int64_t hidden : {1, 8, 13, 33}) {
      for (const std::int64_t rows : {1, 2, 15, 64, 130}) {
        SCOPED_TRACE(::testing::Message()
                     << multiprocessors << " blocks, " << hidden << " units, " << rows << " rows");
        Recipe recipe = one_hidden_layer(Optimizer::sgd, hidden);
        recipe.weight_decay = 0.0;
        recipe.batch = rows;
        const auto resident = started(recipe, StepPath::resident, dataset);
        const auto by_reference = reference(recipe, dataset);
        expect_near(train(*resident, 0, 0, 1), train(*by_reference, 0, 0, 1), 2e-6);
        expect_near(resident->state(), by_reference->state(), 4e-6);
      }
    }
  }
}

/// Every recipe option on its own and all at once.
std::vector<std::pair<const char*, Recipe>> recipes() {
  const auto with = [](const std::function<void(Recipe&)>& change) {
    Recipe recipe = plain();
    change(recipe);
    return recipe;
  };
  return {{"plain", plain()},
          {"smoothing", with([](Recipe& r) { r.label_smoothing = 0.2; })},
          {"dropout", with([](Recipe& r) { r.dropout = 0.3; })},
          {"input dropout", with([](Recipe& r) { r.input_dropout = 0.3; })},
          {"shift", with([](Recipe& r) { r.shift = 2; })},
          {"odd units", with([](Recipe& r) {
             r.layers = {35, 13, 10};
           })},
          {"odd batch", with([](Recipe& r) { r.batch = 17; })},
          {"batch of all", with([](Recipe& r) { r.batch = 200; })},
          {"sgd", with([](Recipe& r) { r.optimizer = Optimizer::sgd; })},
          {"adamw", with([](Recipe& r) { r.optimizer = Optimizer::adamw, r.weight_decay = 0.1; })},
          {"adam with decay", with([](Recipe& r) { r.weight_decay = 0.1; })},
          {"all, adam", one_hidden_layer(Optimizer::adam)},
          {"all, adamw", one_hidden_layer(Optimizer::adamw)},
          {"all, sgd", one_hidden_layer(Optimizer::sgd)}};
}

TEST(Resident, AnEpochAgreesWithTheReferenceAndWithTheGraph) {
  for (const auto& [name, recipe] : recipes()) {
    for (const int multiprocessors : {1, 5}) {
      SCOPED_TRACE(::testing::Message() << name << ", " << multiprocessors << " multiprocessors");
      const EmulatedDevice emulated(device(multiprocessors));
      const auto resident = started(recipe, StepPath::resident);
      const auto graph = started(recipe, StepPath::graph);
      const auto by_reference = reference(recipe);
      const std::int64_t steps = (84 + recipe.batch - 1) / recipe.batch;
      const std::vector<BatchResult> found = train(*resident, 1, 0, steps);
      expect_near(found, train(*by_reference, 1, 0, steps), 1e-5);
      expect_near(found, train(*graph, 1, 0, steps), 1e-5);
      expect_near(resident->state(), by_reference->state(), 2e-4);
      expect_near(resident->state(), graph->state(), 2e-4);
    }
  }
}

/// Images of a multiple of 16 pixels that stay where they are come by asynchronous copies.
TEST(Resident, WholeChunksOfPixels) {
  const data::Dataset dataset = test::made_up_data(84, 6, 8);
  const EmulatedDevice emulated(device(3));
  for (const bool moved : {false, true}) {
    Recipe recipe = plain();
    recipe.layers = {48, 20, 10};
    recipe.shift = moved ? 1 : 0;
    const auto resident = started(recipe, StepPath::resident, dataset);
    const auto by_reference = reference(recipe, dataset);
    simt::for_each_schedule(3, [&] {
      expect_near(train(*resident, 0, 0, kSteps), train(*by_reference, 0, 0, kSteps), 1e-5);
      expect_near(resident->state(), by_reference->state(), 2e-4);
      resident->set_state(initial_state(recipe));
      by_reference->set_state(initial_state(recipe));
    });
  }
}

TEST(Resident, OtherNumbersOfClasses) {
  for (const std::int64_t classes : {2, 3, 32}) {
    SCOPED_TRACE(classes);
    const data::Dataset dataset = test::made_up_data(84, 5, 7, 3, classes);
    Recipe recipe = one_hidden_layer();
    recipe.layers = {35, 9, classes};
    const auto resident = started(recipe, StepPath::resident, dataset);
    const auto by_reference = reference(recipe, dataset);
    expect_near(train(*resident, 0, 0, kSteps), train(*by_reference, 0, 0, kSteps), 1e-5);
    expect_near(resident->state(), by_reference->state(), 2e-4);
  }
}

using test::Trained;

Trained run(const Recipe& recipe, const std::vector<std::int64_t>& chunks = {6}) {
  return test::train_in_chunks(*started(recipe, StepPath::resident), 2, chunks);
}

void expect_same_bits(const Trained& a, const Trained& b) {
  expect_equal(a.first, b.first);
  expect_equal(a.second, b.second);
}

TEST(Resident, BitsDoNotDependOnTheOrderOfThreads) {
  const EmulatedDevice emulated(device(5));
  const Recipe recipe = one_hidden_layer();
  const Trained expected = run(recipe);
  simt::for_each_schedule(5, [&] { expect_same_bits(run(recipe), expected); });
}

/// The steps' number, and whether a batch comes while the one before is still used.
TEST(Resident, BitsDoNotDependOnWhatIsAskedForNorOnRoom) {
  const Recipe recipe = one_hidden_layer();
  const EmulatedDevice emulated(device(5));
  const Trained expected = run(recipe);
  for (const std::vector<std::int64_t>& chunks : test::kChunks) {
    expect_same_bits(run(recipe, chunks), expected);
  }
  std::size_t room = 227U << 10U;
  while (plan_resident(recipe, 16, device(5, room)).shape->images == 2) room -= 16;
  const EmulatedDevice narrow(device(5, room));
  expect_same_bits(run(recipe), expected);
}

TEST(Resident, GoesOnFromASavedState) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adamw}) {
    const EmulatedDevice emulated(device(3));
    const Recipe recipe = one_hidden_layer(optimizer);
    const auto straight = started(recipe, StepPath::resident);
    auto expected = train(*straight, 0, 0, kSteps);
    const auto first = started(recipe, StepPath::resident);
    auto found = train(*first, 0, 0, 2);
    const auto second = started(recipe, StepPath::resident);
    second->set_state(first->state());
    const auto rest = train(*second, 0, 2, 4);
    found.insert(found.end(), rest.begin(), rest.end());
    expect_equal(found, expected);
    expect_equal(second->state(), straight->state());
  }
}

TEST(Resident, ANetworkThatDivergesShowsIt) {
  const Recipe recipe = one_hidden_layer(Optimizer::sgd);
  const auto resident = started(recipe, StepPath::resident);
  const auto results = train(*resident, 0, 0, 3, 1e38);
  EXPECT_TRUE(std::isfinite(results[0].loss));
  EXPECT_TRUE(std::isnan(results[2].loss));
}

/// As cross_entropy has it: the row's loss is NaN and its gradient 0.
TEST(Resident, ALabelThatNamesNoClass) {
  data::Dataset dataset = training_set();
  dataset.labels.assign(dataset.labels.size(), 3);
  dataset.labels[5] = 77;
  Recipe recipe = plain();
  recipe.batch = 84;
  const auto resident = started(recipe, StepPath::resident, dataset);
  const auto graph = started(recipe, StepPath::graph, dataset);
  const BatchResult found = train(*resident, 0, 0, 1).front();
  EXPECT_TRUE(std::isnan(found.loss));
  EXPECT_EQ(found.correct, train(*graph, 0, 0, 1).front().correct);
  expect_near(resident->state(), graph->state(), 2e-4);
}

/// Steps in two epochs that took a graph: where that is the path, all but the first of each length and kind.
std::int64_t launched(StepPath path) {
  const std::int64_t before = xent::testing::graph_launches();
  const auto backend = started(one_hidden_layer(), path);
  for (const std::int64_t epoch : {0, 1}) train(*backend, epoch, 0, kSteps);
  return xent::testing::graph_launches() - before;
}

TEST(Resident, EachPathIsTaken) {
  EXPECT_EQ(launched(StepPath::graph), 2 * kSteps - 2);
  EXPECT_EQ(launched(StepPath::stream), 0);
  EXPECT_EQ(launched(StepPath::resident), 0);
  const auto resident = started(one_hidden_layer(), StepPath::resident);
  const auto stream = started(one_hidden_layer(), StepPath::stream);
  train(*resident, 0, 0, kSteps);
  train(*stream, 0, 0, kSteps);
  EXPECT_NE(resident->state()[0].weight.value, stream->state()[0].weight.value);  // sums in another order
}

/// The emulation's own limit.
TEST(Resident, MoreBlocksThanTheDeviceRunsAtOnceAreRefused) {
  const EmulatedDevice many(device(100));
  const Recipe recipe = one_hidden_layer(Optimizer::adam, 400);
  EXPECT_THAT([&] { started(recipe, StepPath::resident); },
              Throws<Unsupported>(Property(
                  &Unsupported::what,
                  HasSubstr("its 100 blocks wait for one another, the device runs 32 such at once"))));
  EXPECT_EQ(started(recipe, StepPath::automatic)->step_choice()->path, StepPath::graph);
}

TEST(Resident, IsChosenWhereItFits) {
  const EmulatedDevice emulated(device(5));
  const auto chosen = started(one_hidden_layer(), StepPath::automatic);
  const auto resident = started(one_hidden_layer(), StepPath::resident);
  expect_equal(train(*chosen, 0, 0, kSteps), train(*resident, 0, 0, kSteps));
  expect_equal(chosen->state(), resident->state());
  EXPECT_EQ(chosen->step_choice()->why,
            "the network stays on chip, on 5 multiprocessors with 4 hidden units each");
}

}  // namespace
}  // namespace xent::mlp
