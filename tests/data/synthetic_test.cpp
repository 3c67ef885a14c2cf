// Synthetic digits: the same from the same seed, varied, and neither trivial nor hopeless to tell apart.
#include "host/data/synthetic.hpp"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include <gtest/gtest.h>

namespace xent::data {
namespace {

TEST(SyntheticDigits, HaveTheShapeAskedFor) {
  const TrainTest digits = synthetic_digits({.train = 70, .test = 30});
  EXPECT_EQ(digits.train.count, 70);
  EXPECT_EQ(digits.train.features(), 784);
  EXPECT_EQ(digits.train.pixels.size(), 70u * 784u);
  EXPECT_EQ(digits.test.labels.size(), 30u);
  EXPECT_TRUE(digits.synthetic);
}

TEST(SyntheticDigits, AreAFunctionOfTheSeedAndTheIndex) {
  const TrainTest one = synthetic_digits({.train = 200, .test = 50, .seed = 7});
  const TrainTest longer = synthetic_digits({.train = 300, .test = 50, .seed = 7});
  const TrainTest other = synthetic_digits({.train = 200, .test = 50, .seed = 8});
  EXPECT_TRUE(
      std::ranges::equal(one.train.pixels, std::span(longer.train.pixels).first(one.train.pixels.size())));
  EXPECT_EQ(one.test.pixels, longer.test.pixels);
  EXPECT_NE(one.train.pixels, other.train.pixels);
}

TEST(SyntheticDigits, AreAllDifferentAndCoverEveryClass) {
  const TrainTest digits = synthetic_digits({.train = 2000, .test = 1000});
  std::set<std::string> images;
  std::array<int, 10> counts{};
  for (const Dataset* set : {&digits.train, &digits.test}) {
    for (std::int64_t i = 0; i < set->count; ++i) {
      const auto image = set->image(i);
      images.emplace(image.begin(), image.end());
      ++counts.at(set->labels[static_cast<std::size_t>(i)]);
    }
  }
  EXPECT_EQ(images.size(), 3000u);
  for (const int count : counts) EXPECT_NEAR(count, 300, 75);
}

TEST(SyntheticDigits, KeepTheirInkInsideAndTheirPaperClean) {
  const TrainTest digits = synthetic_digits({.train = 500, .test = 0});
  for (std::int64_t i = 0; i < digits.train.count; ++i) {
    const auto image = digits.train.image(i);
    const auto inked = std::ranges::count_if(image, [](std::uint8_t p) { return p > 0; });
    EXPECT_GT(inked, 20) << i;
    EXPECT_LT(inked, 392) << i;
    EXPECT_GT(*std::ranges::max_element(image), 150) << i;
  }
}

/// The class whose mean image is nearest: the simplest learner there is.
double nearest_mean_accuracy(const TrainTest& digits) {
  std::array<std::array<double, 784>, 10> mean{};
  std::array<double, 10> count{};
  for (std::int64_t i = 0; i < digits.train.count; ++i) {
    const std::size_t label = digits.train.labels[static_cast<std::size_t>(i)];
    count[label] += 1;
    for (std::size_t p = 0; p < 784; ++p) mean[label][p] += digits.train.image(i)[p];
  }
  for (std::size_t c = 0; c < 10; ++c) {
    for (double& value : mean[c]) value /= count[c];
  }
  int right = 0;
  for (std::int64_t i = 0; i < digits.test.count; ++i) {
    std::array<double, 10> distance{};
    for (std::size_t c = 0; c < 10; ++c) {
      for (std::size_t p = 0; p < 784; ++p) {
        const double d = digits.test.image(i)[p] - mean[c][p];
        distance[c] += d * d;
      }
    }
    const auto nearest = std::ranges::min_element(distance) - distance.begin();
    right += nearest == digits.test.labels[static_cast<std::size_t>(i)] ? 1 : 0;
  }
  return static_cast<double>(right) / static_cast<double>(digits.test.count);
}

TEST(SyntheticDigits, AreLearnableButNotByTheSimplestLearner) {
  const double accuracy = nearest_mean_accuracy(synthetic_digits({.train = 3000, .test = 1000}));
  EXPECT_GT(accuracy, 0.5);
  EXPECT_LT(accuracy, 0.95);
}

}  // namespace
}  // namespace xent::data
