// The whole network's gradient: the reference against central differences, the CPU against the reference.
#include <cmath>

#include <gtest/gtest.h>
#include <xent/device.hpp>
#include <xent/error.hpp>

#include "host/mlp/backend.hpp"
#include "host/mlp/reference_backend.hpp"
#include "tests/mlp/host_backends.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

std::vector<std::int64_t> first_samples(std::int64_t count) {
  std::vector<std::int64_t> samples;
  for (std::int64_t i = 0; i < count; ++i) samples.push_back(i * 3 % 20);
  return samples;
}

TEST(Gradient, ReferenceAgreesWithCentralDifferences) {
  const data::Dataset dataset = test::made_up_data(20, 2, 3, 1, 4);
  Recipe recipe = test::busy_recipe();
  recipe.layers = {6, 7, 5, 4};
  ReferenceBackend backend(recipe, dataset);
  const NetworkState start = initial_state(recipe);
  backend.set_state(start);
  const std::vector<std::int64_t> samples = first_samples(9);
  const Batch batch{.samples = samples, .step = 2};
  std::vector<ReferenceBackend::Gradients> gradients;
  backend.gradients(batch, gradients);

  const auto loss_with = [&](const NetworkState& state) {
    std::vector<ReferenceBackend::Gradients> ignored;
    backend.set_state(state);
    return backend.gradients(batch, ignored).loss;
  };
  constexpr double kStep = 1e-5;
  double largest = 0.0;
  for (std::size_t l = 0; l < start.size(); ++l) {
    for (const bool weight : {true, false}) {
      const std::vector<double>& gradient = weight ? gradients[l].weight : gradients[l].bias;
      for (std::size_t i = 0; i < gradient.size(); ++i) {
        NetworkState up = start, down = start;
        (weight ? up[l].weight : up[l].bias).value[i] += kStep;
        (weight ? down[l].weight : down[l].bias).value[i] -= kStep;
        const double difference = (loss_with(up) - loss_with(down)) / (2.0 * kStep);
        ASSERT_NEAR(gradient[i], difference, 1e-9) << "layer " << l << " weight " << weight << " " << i;
        largest = std::max(largest, std::abs(gradient[i]));
      }
    }
  }
  EXPECT_GT(largest, 0.01);  // or the comparison would say nothing
}

/// After one SGD step without decay the momentum buffer is the gradient itself.
NetworkState gradient_by(Device device, Recipe recipe, const data::Dataset& dataset, const Batch& batch,
                         BatchResult& result) {
  recipe.optimizer = Optimizer::sgd;
  recipe.weight_decay = 0.0;
  const auto backend = test::host_backend(recipe, dataset, device);
  backend->set_state(initial_state(recipe));
  result = backend->train_batch(batch, 0.1);
  return backend->state();
}

void expect_near(const std::vector<double>& actual, const std::vector<double>& expected) {
  double scale = 0.0;
  for (const double x : expected) scale = std::max(scale, std::abs(x));
  ASSERT_GT(scale, 0.0);
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 4e-6 * scale) << i;
}

TEST(Gradient, CpuAgreesWithTheReference) {
  const std::vector<std::vector<std::int64_t>> shapes = {
      {35, 10}, {35, 1, 10}, {35, 33, 17, 10}, {35, 300, 10}, {35, 64, 3, 129, 10}};
  const data::Dataset dataset = test::made_up_data(20, 5, 7);
  for (const auto& layers : shapes) {
    for (const std::int64_t rows : {1, 2, 15, 64, 300}) {
      Recipe recipe = test::busy_recipe();
      recipe.layers = layers;
      // The batch buffers hold as many rows as the data has, so the data must have enough.
      data::Dataset enough = test::made_up_data(300, 5, 7);
      recipe.batch = rows;
      const std::vector<std::int64_t> samples = first_samples(rows);
      const Batch batch{.samples = samples, .step = 8};
      BatchResult fast, reference;
      const NetworkState a = gradient_by(Device::cpu, recipe, enough, batch, fast);
      const NetworkState b = gradient_by(Device::reference, recipe, enough, batch, reference);
      EXPECT_NEAR(fast.loss, reference.loss, 2e-6 * reference.loss);
      EXPECT_EQ(fast.correct, reference.correct);
      for (std::size_t l = 0; l < a.size(); ++l) {
        SCOPED_TRACE(testing::Message() << layers.size() << " widths, " << rows << " rows, layer " << l);
        expect_near(a[l].weight.moment1, b[l].weight.moment1);
        expect_near(a[l].bias.moment1, b[l].bias.moment1);
      }
    }
  }
}

TEST(Backend, LogitsAgreeWithTheReference) {
  const data::Dataset dataset = test::made_up_data(1500, 5, 7);
  const Recipe recipe = test::busy_recipe();
  std::vector<float> cpu(15000), reference(15000);
  for (const Device device : {Device::cpu, Device::reference}) {
    const auto backend = make_backend(recipe, dataset, {.device = device});
    backend->set_state(initial_state(recipe));
    backend->logits(dataset.pixels.data(), dataset.count, (device == Device::cpu ? cpu : reference).data());
  }
  for (std::size_t i = 0; i < cpu.size(); ++i) ASSERT_NEAR(cpu[i], reference[i], 1e-6) << i;
}

TEST(Backend, StateSurvivesItsWayInAndOut) {
  const data::Dataset dataset = test::made_up_data(20, 5, 7);
  for (const Optimizer optimizer : {Optimizer::adam, Optimizer::sgd}) {
    const Recipe recipe = test::busy_recipe(optimizer);
    const NetworkState start = initial_state(recipe);
    for (const Device device : {Device::cpu, Device::reference}) {
      const auto backend = make_backend(recipe, dataset, {.device = device});
      backend->set_state(start);
      const NetworkState state = backend->state();
      for (std::size_t l = 0; l < start.size(); ++l) {
        EXPECT_EQ(state[l].weight.value, start[l].weight.value);
        EXPECT_EQ(state[l].bias.moment1, start[l].bias.moment1);
        EXPECT_EQ(state[l].weight.moment2.size(),
                  optimizer == Optimizer::sgd ? 0U : start[l].weight.value.size());
      }
    }
  }
}

TEST(Backend, CudaIsRefusedWhereThereIsNone) {
  if (unavailable(Device::cuda).empty()) GTEST_SKIP() << "there is a CUDA device";
  const data::Dataset dataset = test::made_up_data(20, 5, 7);
  EXPECT_THROW(make_backend(test::busy_recipe(), dataset, {.device = Device::cuda}), Unsupported);
}

}  // namespace
}  // namespace xent::mlp
