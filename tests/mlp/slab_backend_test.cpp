// Networks with one hidden layer: against the general path, against the reference, and against themselves
// with other threads and with no update put off.
#include "host/mlp/slab_backend.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "host/mlp/cpu_backend.hpp"
#include "host/mlp/idle_pixels.hpp"
#include "host/mlp/validate.hpp"
#include "tests/mlp/dark_data.hpp"

namespace xent::mlp {
namespace {

constexpr Optimizer kOptimizers[] = {Optimizer::sgd, Optimizer::adam, Optimizer::adamw};

Recipe shallow_recipe(std::vector<std::int64_t> layers, Optimizer optimizer = Optimizer::adam) {
  Recipe recipe = test::busy_recipe(optimizer);
  recipe.layers = std::move(layers);
  return recipe;
}

void expect_same_bits(const NetworkState& a, const NetworkState& b) {
  for (std::size_t l = 0; l < a.size(); ++l) {
    for (const auto tensor : {&LayerState::weight, &LayerState::bias}) {
      EXPECT_EQ((a[l].*tensor).value, (b[l].*tensor).value) << "layer " << l;
      EXPECT_EQ((a[l].*tensor).moment1, (b[l].*tensor).moment1) << "layer " << l;
      EXPECT_EQ((a[l].*tensor).moment2, (b[l].*tensor).moment2) << "layer " << l;
    }
  }
}

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected, double bound) {
  double scale = 0.0;
  for (const double x : expected) scale = std::max(scale, std::abs(x));
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], bound * scale) << i;
}

/// Step `step` trains on `rows` samples that follow each other.
BatchResult train_step(HostBackend& backend, const data::Dataset& set, std::int64_t rows, std::int64_t step) {
  std::vector<std::int64_t> samples;
  for (std::int64_t i = 0; i < rows; ++i) samples.push_back((step * rows + i) % set.count);
  return backend.train_batch({.samples = samples, .step = step}, 0.01);
}

TEST(SlabBackend, IsChosenForOneHiddenLayerAlone) {
  const data::Dataset set = test::dark_data(20, 5, 7);
  const auto is_slab = [&](std::vector<std::int64_t> layers) {
    return dynamic_cast<SlabBackend*>(make_cpu_backend(shallow_recipe(std::move(layers)), set, 1).get()) !=
           nullptr;
  };
  EXPECT_TRUE(is_slab({35, 33, 10}));
  EXPECT_FALSE(is_slab({35, 10}));
  EXPECT_FALSE(is_slab({35, 33, 17, 10}));
}

// After one step of SGD the momentum is the gradient and what decay adds.
TEST(SlabBackend, GradientsAreThoseOfTheGeneralPath) {
  const data::Dataset set = test::dark_data(300, 5, 7);
  for (const std::int64_t hidden : {1, 31, 127, 128, 129, 300}) {
    for (const std::int64_t rows : {1, 2, 15, 63, 64, 65, 300}) {
      SCOPED_TRACE(testing::Message() << hidden << " units, " << rows << " rows");
      Recipe recipe = shallow_recipe({35, hidden, 10}, Optimizer::sgd);
      recipe.batch = rows;
      SlabBackend slab(recipe, set, 2);
      CpuBackend general(recipe, set, 2);
      slab.set_state(initial_state(recipe));
      general.set_state(initial_state(recipe));
      const BatchResult a = train_step(slab, set, rows, 3);
      const BatchResult b = train_step(general, set, rows, 3);
      EXPECT_NEAR(a.loss, b.loss, 2e-6 * b.loss);
      EXPECT_EQ(a.correct, b.correct);
      const NetworkState x = slab.state(), y = general.state();
      for (std::size_t l = 0; l < 2; ++l) {
        expect_near(x[l].weight.moment1, y[l].weight.moment1, 4e-6);
        expect_near(x[l].bias.moment1, y[l].bias.moment1, 4e-6);
        expect_near(x[l].weight.value, y[l].weight.value, 1e-6);
      }
    }
  }
}

TEST(SlabBackend, StepsAreThoseOfTheReference) {
  const data::Dataset set = test::dark_data(160, 5, 7);
  for (const Optimizer optimizer : kOptimizers) {
    for (const double decay : {0.0, 0.01}) {
      Recipe recipe = shallow_recipe({35, 150, 10}, optimizer);
      recipe.weight_decay = decay;
      recipe.shift = 0;  // or the dark pixels would be lit
      const Validation found = validate(recipe, set, 20, {.threads = 2});
      EXPECT_TRUE(found.within()) << "optimizer " << static_cast<int>(optimizer) << " decay " << decay;
    }
  }
}

// state() does what was put off, so a run that is asked for it after every step puts nothing off.
TEST(SlabBackend, UpdatesPutOffGiveTheSameBits) {
  const data::Dataset set = test::dark_data(400, 5, 7);
  for (const Optimizer optimizer : kOptimizers) {
    for (const std::int64_t steps :
         {1, 20, 33, 70}) {  // the rarely lit pixels rest for less and for more than kMost
      for (const std::int64_t rows : {1, 5}) {
        SCOPED_TRACE(testing::Message()
                     << static_cast<int>(optimizer) << ", " << steps << " steps of " << rows);
        Recipe recipe = shallow_recipe({35, 40, 10}, optimizer);
        recipe.batch = rows;
        recipe.shift = 0;
        SlabBackend late(recipe, set, 2), prompt(recipe, set, 2);
        late.set_state(initial_state(recipe));
        prompt.set_state(initial_state(recipe));
        for (std::int64_t step = 0; step < steps; ++step) {
          const double loss = train_step(late, set, rows, step).loss;
          EXPECT_EQ(train_step(prompt, set, rows, step).loss, loss) << step;
          prompt.state();
        }
        std::vector<float> a(4000), b(4000);  // before state(): logits() must do what was put off, too
        late.logits(set.pixels.data(), 400, a.data());
        prompt.logits(set.pixels.data(), 400, b.data());
        EXPECT_EQ(a, b);
        expect_same_bits(late.state(), prompt.state());
      }
    }
  }
}

// The test above would say nothing if idle weights did not move.
TEST(SlabBackend, IdleWeightsMoveByTheirMomentum) {
  const data::Dataset set = test::dark_data(100, 5, 7);
  Recipe recipe = shallow_recipe({35, 40, 10});
  recipe.weight_decay = 0.0;
  recipe.shift = 0;
  recipe.batch = 5;
  SlabBackend backend(recipe, set, 1);
  backend.set_state(initial_state(recipe));
  train_step(backend, set, 5, 0);  // sample 0 lights pixel 1
  const NetworkState before = backend.state();
  train_step(backend, set, 5, 1);
  const NetworkState after = backend.state();
  int moved = 0;
  for (std::size_t unit = 0; unit < 40; ++unit) {
    const std::size_t lit_once = unit * 35 + 1, never_lit = unit * 35;
    EXPECT_EQ(after[0].weight.value[never_lit], before[0].weight.value[never_lit]);
    if (before[0].weight.moment1[lit_once] == 0.0) continue;  // the unit was off
    ++moved;
    EXPECT_NE(after[0].weight.value[lit_once], before[0].weight.value[lit_once]);
    EXPECT_NEAR(after[0].weight.moment1[lit_once], recipe.beta1 * before[0].weight.moment1[lit_once], 1e-9);
  }
  EXPECT_GT(moved, 5);
}

template <class Some>
void expect_threads_to_change_no_bit(Recipe recipe) {
  const data::Dataset set = test::dark_data(200, 28, 28);
  recipe.batch = 64;
  std::vector<NetworkState> states;
  for (const int threads : {1, 2, 3}) {
    Some backend(recipe, set, threads);
    backend.set_state(initial_state(recipe));
    for (std::int64_t step = 0; step < 4; ++step) train_step(backend, set, step == 2 ? 37 : 64, step);
    states.push_back(backend.state());
  }
  expect_same_bits(states[1], states[0]);
  expect_same_bits(states[2], states[0]);
}

TEST(SlabBackend, ThreadsChangeNoBit) {
  expect_threads_to_change_no_bit<SlabBackend>(shallow_recipe({784, 512, 10}));
}
TEST(CpuBackend, ThreadsChangeNoBit) {
  expect_threads_to_change_no_bit<CpuBackend>(shallow_recipe({784, 256, 128, 10}));
}

TEST(SlabBackend, UnitsThatFillUpStayZero) {
  const data::Dataset set = test::dark_data(60, 5, 7);
  const Recipe recipe = shallow_recipe({35, 130, 10});
  SlabNetwork network(initial_state(recipe));
  EXPECT_EQ(network.slabs(), 2);
  expect_same_bits(network.state(), initial_state(recipe));
  for (std::int64_t unit = 2; unit < kSlab; ++unit) {
    EXPECT_EQ(network.input_weight(1).value[unit], 0.0F);
    EXPECT_EQ(network.output_weight(1).value[9 * kSlab + unit], 0.0F);
    EXPECT_EQ(network.hidden_bias(1).value[unit], 0.0F);
  }
}

}  // namespace
}  // namespace xent::mlp
