// The batch that the gather kernel makes against the one that the host's code makes, bit for bit.
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "host/mlp/augment.hpp"
#include "host/mlp/random.hpp"
#include "kernels/instances/mlp.hpp"
#include "tests/mlp/cuda/steps.hpp"
#include "tests/mlp/made_up_data.hpp"
#include "tests/simt/options.hpp"

namespace xent::mlp {
namespace {

struct Shape {
  std::int64_t height, width, rows;
};

/// A step in the middle of an epoch.
constexpr std::int64_t kStep = 7;
constexpr std::int64_t kPlace = 6;

std::vector<std::uint32_t> some_order(std::int64_t count) {
  std::vector<std::uint32_t> order;
  for (std::int64_t i = 0; i < count; ++i) order.push_back(static_cast<std::uint32_t>(i * 5 % count));
  return order;
}

std::vector<float> batch_by_the_host(const Recipe& recipe, const data::Dataset& dataset,
                                     const std::vector<std::int64_t>& samples) {
  const auto features = static_cast<std::size_t>(dataset.features());
  std::vector<std::uint8_t> pixels(samples.size() * features);
  for (std::size_t row = 0; row < samples.size(); ++row) {
    copy_augmented(recipe, dataset, {.samples = samples, .step = kStep}, static_cast<std::int64_t>(row),
                   pixels.data() + row * features);
  }
  const RandomStream stream(recipe.seed, Purpose::dropout, kStep, 0);
  const auto scale = static_cast<float>(1.0 / (1.0 - recipe.input_dropout));
  std::vector<float> x;
  for (std::size_t i = 0; i < pixels.size(); ++i) {
    const float value = static_cast<float>(pixels[i]) / 255.0F;
    const bool dropped = stream.word(i) < dropout_threshold(recipe.input_dropout);
    x.push_back(recipe.input_dropout == 0.0 ? value : dropped ? 0.0F : value * scale);
  }
  return x;
}

void expect_same_batch(const Recipe& recipe, const Shape& shape, unsigned grid) {
  constexpr std::int64_t kCount = 23;
  const data::Dataset dataset = test::made_up_data(kCount, shape.height, shape.width);
  const std::vector<std::uint32_t> order = some_order(kCount);
  const std::vector<std::int64_t> samples(order.begin() + kPlace, order.begin() + kPlace + shape.rows);
  const std::vector<float> expected = batch_by_the_host(recipe, dataset, samples);

  test::MadeUpSteps steps({.step = kStep, .place = kPlace});
  std::vector<float> x(expected.size(), -1.0F);
  std::vector<std::uint8_t> labels(samples.size(), 99);
  gpu::launch_gather({.grid = grid},
                     {.pixels = dataset.pixels.data(),
                      .labels = dataset.labels.data(),
                      .order = order.data(),
                      .height = shape.height,
                      .width = shape.width,
                      .rows = shape.rows,
                      .shift = recipe.shift,
                      .seed = recipe.seed,
                      .dropout = {.seed = recipe.seed,
                                  .threshold = dropout_threshold(recipe.input_dropout),
                                  .scale = static_cast<float>(1.0 / (1.0 - recipe.input_dropout))},
                      .steps = steps.table(),
                      .x = x.data(),
                      .batch_labels = labels.data()});
  EXPECT_EQ(x, expected);
  for (std::size_t row = 0; row < samples.size(); ++row) {
    EXPECT_EQ(labels[row], dataset.labels[static_cast<std::size_t>(samples[row])]) << row;
  }
}

TEST(Gather, MakesTheHostsBatch) {
  // Pictures whose rows begin between two groups of four, smaller than one, and as MNIST's.
  for (const Shape& shape : {Shape{5, 7, 16}, Shape{1, 3, 17}, Shape{1, 1, 1}, Shape{28, 28, 3}}) {
    for (const std::int64_t shift : {0, 1, 4}) {
      for (const double dropped : {0.0, 0.3}) {
        SCOPED_TRACE(::testing::Message() << shape.height << " x " << shape.width << ", " << shape.rows
                                          << " rows, shift " << shift << ", dropout " << dropped);
        Recipe recipe;
        recipe.shift = shift;
        recipe.input_dropout = dropped;
        recipe.seed = 0x123456789AU;
        simt::for_each_schedule(1, [&] { expect_same_batch(recipe, shape, 2); });
      }
    }
  }
}

TEST(Gather, AnyGridDoesIt) {
  Recipe recipe;
  recipe.shift = 2;
  for (const unsigned grid : {1U, 2U, 5U}) expect_same_batch(recipe, {28, 28, 9}, grid);
}

TEST(Normalise, DividesEveryByteBy255) {
  std::vector<std::uint8_t> bytes(256 * 3);
  std::iota(bytes.begin(), bytes.end(), std::uint8_t{0});
  std::vector<float> x(bytes.size());
  gpu::launch_normalise({.grid = 2}, bytes.data(), std::ssize(bytes), x.data());
  for (std::size_t i = 0; i < bytes.size(); ++i) ASSERT_EQ(x[i], static_cast<float>(bytes[i]) / 255.0F);
}

}  // namespace
}  // namespace xent::mlp
