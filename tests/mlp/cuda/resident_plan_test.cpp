// Which networks stay on which chip, by arithmetic alone.
#include "host/mlp/cuda/resident_plan.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/plan/gpu_devices.hpp"

namespace xent::mlp {
namespace {

using ::testing::HasSubstr;

plan::DeviceProperties device(std::string_view name) {
  for (const plan::NamedDevice& one : plan::kNamedDevices) {
    if (one.name == name) return one.properties;
  }
  ADD_FAILURE() << name;
  return {};
}

TEST(ResidentPlan, TheDefaultNetworkOnAnH200) {
  const auto shape = plan_resident({}, 64, device("h200")).shape;
  ASSERT_TRUE(shape);
  EXPECT_EQ(shape->units, 4);
  EXPECT_EQ(shape->blocks(), 128);
  EXPECT_EQ(shape->images, 2);
  EXPECT_EQ(shape->copies, 3);
  // Three copies of 4 · (784 + 10 + 1) + 10 parameters, rounded up to fours; two batches of bytes;
  // activations, their gradients and those of the logits.
  EXPECT_EQ(shape->bytes(), 3U * 3192 * 4 + 2U * 64 * 784 + 2U * 64 * 4 * 4 + 64U * 10 * 4);
}

TEST(ResidentPlan, FewerMultiprocessorsHaveMoreUnitsEach) {
  const auto a100 = plan_resident({}, 64, device("a100")).shape;
  ASSERT_TRUE(a100);
  EXPECT_EQ(a100->units, 8);
  EXPECT_EQ(a100->blocks(), 64);
  EXPECT_EQ(a100->images, 1);
  EXPECT_LE(a100->bytes(), device("a100").shared_per_block);
}

/// Why a network of these widths, in steps of so many images, cannot stay on an H200; empty if it can.
std::string obstacle(std::vector<std::int64_t> layers, std::int64_t rows = 64) {
  Recipe recipe;
  recipe.layers = std::move(layers);
  const ResidentPlan plan = plan_resident(recipe, rows, device("h200"));
  EXPECT_EQ(plan.shape.has_value(), plan.obstacle.empty());
  return plan.obstacle;
}

TEST(ResidentPlan, WhatDoesNotFitIsRefused) {
  EXPECT_EQ(
      plan_resident({}, 64, device("t4")).obstacle,
      "a block with 16 of its hidden units and 64 images needs at least 215760 bytes of shared memory, the "
      "device gives it 65536");
  EXPECT_EQ(obstacle({784, 512, 10}, 128), "");
  EXPECT_EQ(
      obstacle({784, 512, 10}, 256),
      "a block with 4 of its hidden units and 256 images needs at least 259488 bytes of shared memory, the "
      "device gives it 232448");
  const std::vector<std::pair<std::vector<std::int64_t>, std::int64_t>> beyond = {
      {{784, 256 * 1024, 10}, 64},
      {{1, std::int64_t{1} << 31, 10}, 64},
      {{std::int64_t{1} << 31, 1, 10}, 64},
      {{784, 512, 10}, std::int64_t{1} << 40}};
  for (const auto& [layers, rows] : beyond) {
    EXPECT_THAT(obstacle(layers, rows), HasSubstr("needs at least 1048576 bytes of shared memory"));
  }
}

TEST(ResidentPlan, OtherNetworksAreRefused) {
  EXPECT_EQ(obstacle({784, 10}), "it has 0 hidden layers, must have 1");
  EXPECT_EQ(obstacle({784, 64, 64, 10}), "it has 2 hidden layers, must have 1");
  EXPECT_EQ(obstacle({784, 64, 33}), "it has 33 classes, must have at most 32");
  EXPECT_EQ(obstacle({784, 64, 32}), "");
}

/// Whatever the plan allows: every unit has a block, no block is without one, no part reaches into the next.
TEST(ResidentPlan, IsSoundForEveryShape) {
  int resident = 0;
  for (const plan::NamedDevice& one : plan::kNamedDevices) {
    for (const std::int64_t features : {1, 3, 35, 784, 3072}) {
      for (const std::int64_t hidden : {1, 4, 5, 100, 512, 1000}) {
        for (const std::int64_t rows : {1, 7, 64, 100}) {
          for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
            Recipe recipe;
            recipe.layers = {features, hidden, 10};
            recipe.optimizer = optimizer;
            const auto shape = plan_resident(recipe, rows, one.properties).shape;
            if (!shape) continue;
            ++resident;
            EXPECT_EQ(shape->units % gpu::kResidentUnits, 0);
            EXPECT_LE(shape->blocks(), one.properties.multiprocessors);
            EXPECT_GE(shape->blocks() * shape->units, hidden);
            EXPECT_LT((shape->blocks() - 1) * shape->units, hidden);
            EXPECT_LT(shape->bytes(), one.properties.shared_per_block);
            EXPECT_GE(shape->words() * 4, features);
            for (const int place : {shape->parameters(), shape->activations(), shape->hidden_deltas(),
                                    shape->pixels(), shape->batch_words(), shape->deltas()}) {
              EXPECT_EQ(place % 4, 0);  // 16-byte accesses begin there
            }
          }
        }
      }
    }
  }
  EXPECT_GT(resident, 500);
}

}  // namespace
}  // namespace xent::mlp
