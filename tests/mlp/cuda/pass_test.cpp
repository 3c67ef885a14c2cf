// What happens between the products and at a step's end, against plain loops.
#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "host/mlp/random.hpp"
#include "kernels/instances/mlp.hpp"
#include "tests/mlp/cuda/steps.hpp"
#include "tests/simt/options.hpp"
#include "tests/support/rng.hpp"

namespace xent::mlp {
namespace {

std::vector<float> normals(std::size_t size, std::uint64_t seed) {
  xent::testing::Rng rng(seed);
  std::vector<float> values;
  for (std::size_t i = 0; i < size; ++i) values.push_back(static_cast<float>(rng.normal()));
  return values;
}

TEST(DropoutKernel, DropsWhatTheHostDrops) {
  constexpr std::int64_t kStep = 11;
  constexpr std::uint32_t kLayer = 2;
  constexpr std::uint64_t kSeed = 77;
  for (const std::size_t size : {1U, 4U, 7U, 2500U}) {
    for (const double probability : {0.1, 0.5}) {
      const std::vector<float> x = normals(size, 5);
      const auto scale = static_cast<float>(1.0 / (1.0 - probability));
      const std::uint32_t threshold = dropout_threshold(probability);
      const RandomStream stream(kSeed, Purpose::dropout, kStep, kLayer);
      std::vector<float> expected;
      for (std::size_t i = 0; i < size; ++i)
        expected.push_back(stream.word(i) < threshold ? 0.0F : x[i] * scale);

      simt::for_each_schedule(1, [&] {
        test::MadeUpSteps steps({.step = kStep});
        std::vector<float> y = x;
        gpu::launch_dropout(
            {.grid = 2}, {.dropout = {.seed = kSeed, .layer = kLayer, .threshold = threshold, .scale = scale},
                          .steps = steps.table(),
                          .size = static_cast<std::int64_t>(size),
                          .x = y.data()});
        EXPECT_EQ(y, expected) << size << ", " << probability;
      });
    }
  }
}

TEST(ReluBackwardKernel, PassesWhereTheActivationIsPositive) {
  for (const std::size_t size : {1U, 6U, 3001U}) {
    std::vector<float> activation = normals(size, 6);
    for (std::size_t i = 0; i < size; i += 3) activation[i] = 0.0F;  // cut by ReLU or dropped
    activation.back() = std::numeric_limits<float>::quiet_NaN();
    const std::vector<float> delta = normals(size, 7);
    std::vector<float> result = delta;
    gpu::launch_relu_backward({.grid = 2}, {.activation = activation.data(),
                                            .scale = 1.25F,
                                            .size = static_cast<std::int64_t>(size),
                                            .delta = result.data()});
    for (std::size_t i = 0; i < size; ++i) {
      ASSERT_EQ(result[i], activation[i] <= 0.0F ? 0.0F : 1.25F * delta[i]) << i;
    }
  }
}

TEST(ColumnSumsKernel, AddsTheRowsOfEachColumnInOneOrder) {
  for (const std::int64_t cols : {1, 31, 32, 70}) {
    for (const std::int64_t rows : {1, 7, 8, 9, 100}) {
      const std::vector<float> x = normals(static_cast<std::size_t>(rows * cols), 8);
      const auto blocks = static_cast<unsigned>((cols + gpu::kColumnsPerBlock - 1) / gpu::kColumnsPerBlock);
      std::vector<float> first;
      simt::for_each_schedule(2, [&] {
        std::vector<float> sums(static_cast<std::size_t>(cols), 99.0F);
        gpu::launch_column_sums({.grid = blocks},
                                {.x = x.data(), .rows = rows, .cols = cols, .sums = sums.data()});
        if (first.empty()) first = sums;
        EXPECT_EQ(sums, first);
      });
      for (std::int64_t c = 0; c < cols; ++c) {
        double sum = 0.0;
        for (std::int64_t r = 0; r < rows; ++r) sum += x[static_cast<std::size_t>(r * cols + c)];
        ASSERT_NEAR(first[static_cast<std::size_t>(c)], sum, 1e-5) << rows << " x " << cols << ": " << c;
      }
    }
  }
}

TEST(EndStepKernel, KeepsTheOutcomeAndMovesOn) {
  test::MadeUpSteps steps({});
  const double loss = 1.5;
  const std::int64_t correct = 12;
  gpu::launch_end_step({}, steps.table(), &loss, &correct);
  EXPECT_EQ(steps.number(), test::MadeUpSteps::kUnderWay + 1);
  EXPECT_EQ(steps.outcomes()[2].loss, 1.5);
  EXPECT_EQ(steps.outcomes()[2].correct, 12);
  EXPECT_EQ(steps.outcomes()[1].correct, 0);
}

}  // namespace
}  // namespace xent::mlp
