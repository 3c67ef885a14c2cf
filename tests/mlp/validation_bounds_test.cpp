// What rounding may explain: the bounds, and the units at ReLU's kink.
#include "host/mlp/validation_bounds.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

const data::Dataset& training_set() {
  static const data::Dataset set = test::made_up_data(84, 5, 7);
  return set;
}

TEST(ValidationBounds, GrowWithTheRoundingTheLongestSumAndTheLargest) {
  const NetworkState network{{.inputs = 25, .outputs = 3}};
  ReferenceBackend::Pass pass{.activations = {ReferenceBackend::Matrix(25 * 16), {}},
                              .sums = {{}, {0.5, -3.0, 1.0}}};
  EXPECT_DOUBLE_EQ(validation_bounds(DType::f32, pass, network).gradient, 4.0 * 0x1p-24 * 5.0 * 4.0);
  EXPECT_DOUBLE_EQ(validation_bounds(DType::f64, pass, network).loss, 4.0 * 0x1p-53 * 5.0 * 4.0);
  EXPECT_DOUBLE_EQ(validation_bounds(DType::f32, pass, network).update, 0x1p-20);
  pass.activations.front().resize(25 * 100);  // now the batch is the longest
  EXPECT_DOUBLE_EQ(validation_bounds(DType::f32, pass, network).gradient, 4.0 * 0x1p-24 * 10.0 * 4.0);
}

TEST(KinkSlack, CoversAUnitThatMayFallToEitherSide) {
  Recipe recipe = test::busy_recipe();
  recipe.dropout = 0.0;
  ReferenceBackend backend(recipe, training_set());
  const std::vector<std::int64_t> samples{3, 14, 15, 9, 26, 5};
  constexpr std::size_t kUnit = 4;  // of the second layer
  const auto pass_with = [&](double sum) {
    NetworkState network = initial_state(recipe);
    std::fill_n(network[1].weight.value.begin() + kUnit * 33, 33, 0.0);
    network[1].bias.value[kUnit] = sum;
    backend.set_state(network);
    return backend.pass({.samples = samples, .step = 1});
  };
  const ReferenceBackend::Pass above = pass_with(1e-12);
  const ReferenceBackend::Pass below = pass_with(-1e-12);
  const auto slack = kink_slack(DType::f32, recipe, above, backend.state());
  double moved = 0.0;
  for (std::size_t l = 0; l < 3; ++l) {
    for (std::size_t i = 0; i < slack[l].weight.size(); ++i) {
      const double difference = std::abs(above.gradients[l].weight[i] - below.gradients[l].weight[i]);
      EXPECT_LE(difference, slack[l].weight[i] + 1e-11);
      moved = std::max(moved, difference);
      const bool behind = l == 0 || (l == 1 && i / 33 == kUnit);
      EXPECT_TRUE(behind || slack[l].weight[i] == 0.0) << l << " " << i;
    }
  }
  EXPECT_GT(moved, 1e-3);
  const auto far = kink_slack(DType::f32, recipe, pass_with(0.01), backend.state());
  EXPECT_EQ(far[1].bias[kUnit], 0.0);
}

}  // namespace
}  // namespace xent::mlp
