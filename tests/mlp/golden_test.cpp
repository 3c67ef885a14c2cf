// One hundred training steps against PyTorch's losses (tests/golden/make_mlp_golden.py).
#include <fstream>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "tests/mlp/host_backends.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

nlohmann::json golden() {
  std::ifstream file(XENT_GOLDEN_FILE);
  return nlohmann::json::parse(file);
}

Recipe recipe_of(const nlohmann::json& file, const nlohmann::json& entry) {
  Recipe recipe;
  recipe.layers = entry["layers"].get<std::vector<std::int64_t>>();
  recipe.batch = file["batch"];
  recipe.optimizer = optimizer_from(entry["optimizer"]);
  recipe.weight_decay = entry["weight_decay"];
  recipe.label_smoothing = entry["label_smoothing"];
  recipe.seed = file["seed"];
  return recipe;
}

/// The largest relative difference between PyTorch's losses (in double) and this device's.
double largest_difference(const nlohmann::json& file, const nlohmann::json& entry, Device device) {
  const Recipe recipe = recipe_of(file, entry);
  const std::int64_t side = recipe.layers.front() == 784 ? 28 : 8;
  const data::Dataset dataset = test::made_up_data(file["samples"], side, side, recipe.seed);
  const auto backend = test::host_backend(recipe, dataset, device);
  backend->set_state(initial_state(recipe));
  double largest = 0.0;
  std::int64_t step = 0;
  for (const double expected : entry["losses"]) {
    std::vector<std::int64_t> samples;
    for (std::int64_t i = 0; i < recipe.batch; ++i) {
      samples.push_back((step * recipe.batch + i) * 7 % dataset.count);
    }
    const double loss = backend->train_batch({.samples = samples, .step = step}, entry["lr"]).loss;
    largest = std::max(largest, std::abs(loss / expected - 1.0));
    ++step;
  }
  EXPECT_EQ(step, 100);
  return largest;
}

TEST(Golden, HundredStepsOnTheCpuAgreeWithPyTorch) {
  const nlohmann::json file = golden();
  ASSERT_EQ(file["cases"].size(), 5U);
  for (const auto& [name, entry] : file["cases"].items()) {
    EXPECT_LT(largest_difference(file, entry, Device::cpu), 1e-5) << name;
  }
}

TEST(Golden, HundredStepsOfTheReferenceAgreeToDouble) {
  const nlohmann::json file = golden();
  for (const auto& [name, entry] : file["cases"].items()) {
    if (entry["layers"][0] == 784) continue;  // slow in textbook loops
    EXPECT_LT(largest_difference(file, entry, Device::reference), 1e-11) << name;
  }
}

}  // namespace
}  // namespace xent::mlp
