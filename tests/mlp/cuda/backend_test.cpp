// The CUDA backend, its kernels run by the emulation, against the reference and against itself.
#include "host/mlp/backend.hpp"

#include <algorithm>
#include <cmath>
#include <functional>

#include <gtest/gtest.h>
#include <xent/error.hpp>

#include "host/mlp/schedule.hpp"
#include "tests/emulated/device.hpp"
#include "tests/mlp/cuda/compared.hpp"
#include "tests/mlp/cuda/runs.hpp"
#include "tests/simt/options.hpp"

namespace xent::mlp {
namespace {

using test::expect_equal;
using test::expect_near;
using test::kSteps;
using test::started;
using test::train;
using test::training_set;

/// After one SGD step without decay the momentum buffer is the gradient itself.
TEST(CudaBackend, GradientsAgreeWithTheReference) {
  const std::vector<std::vector<std::int64_t>> shapes = {
      {35, 10}, {35, 1, 10}, {35, 33, 17, 10}, {35, 130, 10}, {35, 64, 3, 10}};
  const data::Dataset dataset = test::made_up_data(130, 5, 7);
  for (const auto& layers : shapes) {
    for (const std::int64_t rows : {1, 2, 15, 64, 130}) {
      SCOPED_TRACE(::testing::Message() << layers.size() << " widths, " << rows << " rows");
      Recipe recipe = test::busy_recipe(Optimizer::sgd);
      recipe.weight_decay = 0.0;
      recipe.layers = layers;
      recipe.batch = rows;
      const auto cuda = started(recipe, Device::cuda, dataset);
      const auto reference = started(recipe, Device::reference, dataset);
      expect_near(train(*cuda, 0, 0, 1), train(*reference, 0, 0, 1), 2e-6);
      expect_near(cuda->state(), reference->state(), 4e-6);
    }
  }
}

/// Every recipe option on its own and all at once.
std::vector<std::pair<const char*, Recipe>> recipes() {
  Recipe plain = test::busy_recipe();
  plain.weight_decay = plain.label_smoothing = plain.dropout = plain.input_dropout = 0.0;
  plain.shift = 0;
  const auto with = [&](const std::function<void(Recipe&)>& change) {
    Recipe recipe = plain;
    change(recipe);
    return recipe;
  };
  return {{"plain", plain},
          {"smoothing", with([](Recipe& r) { r.label_smoothing = 0.2; })},
          {"dropout", with([](Recipe& r) { r.dropout = 0.3; })},
          {"input dropout", with([](Recipe& r) { r.input_dropout = 0.3; })},
          {"shift", with([](Recipe& r) { r.shift = 2; })},
          {"one layer", with([](Recipe& r) {
             r.layers = {35, 10};
           })},
          {"odd batch", with([](Recipe& r) { r.batch = 17; })},
          {"sgd", with([](Recipe& r) { r.optimizer = Optimizer::sgd; })},
          {"adamw", with([](Recipe& r) { r.optimizer = Optimizer::adamw, r.weight_decay = 0.1; })},
          {"adam with decay", with([](Recipe& r) { r.weight_decay = 0.1; })},
          {"all, adam", test::busy_recipe(Optimizer::adam)},
          {"all, adamw", test::busy_recipe(Optimizer::adamw)},
          {"all, sgd", test::busy_recipe(Optimizer::sgd)}};
}

TEST(CudaBackend, AnEpochAgreesWithTheReference) {
  for (const auto& [name, recipe] : recipes()) {
    SCOPED_TRACE(name);
    const auto cuda = started(recipe, Device::cuda);
    const auto reference = started(recipe, Device::reference);
    const std::int64_t steps = (84 + recipe.batch - 1) / recipe.batch;
    expect_near(train(*cuda, 1, 0, steps), train(*reference, 1, 0, steps), 1e-5);
    expect_near(cuda->state(), reference->state(), 2e-4);
  }
}

TEST(CudaBackend, BitsDoNotDependOnTheOrderOfThreadsNorOnTheDevice) {
  const Recipe recipe = test::busy_recipe();
  const auto run = [&] {
    const auto backend = started(recipe, Device::cuda);
    const auto results = train(*backend, 0, 0, kSteps);
    return std::pair(results, backend->state());
  };
  const auto [results, state] = run();
  const auto expect_the_same = [&, &results = results, &state = state] {
    const auto [again, state_again] = run();
    expect_equal(again, results);
    expect_equal(state_again, state);
  };
  simt::for_each_schedule(3, expect_the_same);
  const xent::testing::EmulatedDevice small(xent::testing::kSmallDevice);
  expect_the_same();
}

TEST(CudaBackend, BitsDoNotDependOnHowManyStepsAreAskedFor) {
  const Recipe recipe = test::busy_recipe();
  const auto run = [&](const std::vector<std::int64_t>& chunks) {
    return test::train_in_chunks(*started(recipe, Device::cuda), 3, chunks);
  };
  const auto [results, state] = run({6});
  for (const std::vector<std::int64_t>& chunks : test::kChunks) {
    const auto [again, state_again] = run(chunks);
    expect_equal(again, results);
    expect_equal(state_again, state);
  }
}

TEST(CudaBackend, AStepIsAFunctionOfItsNumbersAlone) {
  const Recipe recipe = test::busy_recipe();
  const auto backend = started(recipe, Device::cuda);
  train(*backend, 0, 0, kSteps);
  const NetworkState before = backend->state();
  const auto first = train(*backend, 1, 2, 3);
  const NetworkState after = backend->state();
  train(*backend, 5, 0, 2);  // another epoch's order in between
  backend->set_state(before);
  expect_equal(train(*backend, 1, 2, 3), first);
  expect_equal(backend->state(), after);
}

TEST(CudaBackend, LikesAnEpochAtOnce) {
  EXPECT_EQ(started(test::busy_recipe(), Device::cuda)->steps_at_once(), kSteps);
  EXPECT_EQ(started(test::busy_recipe(), Device::cpu)->steps_at_once(), 1);
}

TEST(CudaBackend, LogitsAgreeWithTheReference) {
  // More images than go through at once, and a batch smaller than these.
  const data::Dataset many = test::made_up_data(4100, 5, 7);
  Recipe recipe = test::busy_recipe();
  recipe.layers = {35, 9, 10};
  std::vector<float> cuda(41000), reference(41000);
  started(recipe, Device::cuda)->logits(many.pixels.data(), many.count, cuda.data());
  started(recipe, Device::reference)->logits(many.pixels.data(), many.count, reference.data());
  for (std::size_t i = 0; i < cuda.size(); ++i) ASSERT_NEAR(cuda[i], reference[i], 1e-6) << i;
}

TEST(CudaBackend, StateSurvivesItsWayInAndOut) {
  for (const Optimizer optimizer : {Optimizer::adam, Optimizer::sgd}) {
    const Recipe recipe = test::busy_recipe(optimizer);
    const auto trained = started(recipe, Device::cpu);
    train(*trained, 0, 0, 2);
    const NetworkState state = trained->state();
    const auto cuda = started(recipe, Device::cuda);
    cuda->set_state(state);
    expect_equal(cuda->state(), state);
    EXPECT_EQ(cuda->state().front().weight.moment2.empty(), optimizer == Optimizer::sgd);
  }
}

TEST(CudaBackend, NeedsNoDataForLogits) {
  const data::Dataset none;
  const Recipe recipe = test::busy_recipe();
  std::vector<float> without(84 * 10), with(84 * 10);
  started(recipe, Device::cuda, none)->logits(training_set().pixels.data(), 84, without.data());
  started(recipe, Device::cuda)->logits(training_set().pixels.data(), 84, with.data());
  EXPECT_EQ(without, with);
}

}  // namespace
}  // namespace xent::mlp
