// Philox against its authors' vectors; permutations, shifts and streams by their definitions.
#include "host/mlp/random.hpp"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <set>

#include <gtest/gtest.h>

namespace xent::mlp {
namespace {

// From the known-answer file of the authors' Random123 library.
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox4x32({{0, 0, 0, 0}}, {{0, 0}}), (Words{{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}}));
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({{kOnes, kOnes, kOnes, kOnes}}, {{kOnes, kOnes}}),
            (Words{{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}}));
  EXPECT_EQ(philox4x32({{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}, {{0xa4093822, 0x299f31d0}}),
            (Words{{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}}));
}

TEST(RandomStream, NoTwoStreamsShareAWord) {
  std::set<Words> seen;
  int drawn = 0;
  for (const std::uint64_t seed : {0ULL, 1ULL, 1ULL << 32U}) {
    for (const Purpose purpose :
         {Purpose::weight_init, Purpose::bias_init, Purpose::shuffle, Purpose::shift, Purpose::dropout}) {
      for (const std::uint64_t time : {0ULL, 1ULL, 1ULL << 32U}) {
        for (const std::uint32_t layer : {0U, 1U, 63U}) {
          for (const std::uint32_t block : {0U, 1U, 0xffffffffU}) {
            seen.insert(RandomStream(seed, purpose, time, layer).block(block));
            ++drawn;
          }
        }
      }
    }
  }
  EXPECT_EQ(static_cast<int>(seen.size()), drawn);
}

TEST(RandomStream, WordsAreTheBlocksInARow) {
  const RandomStream stream(3, Purpose::dropout, 7, 2);
  for (std::uint32_t i = 0; i < 40; ++i) EXPECT_EQ(stream.word(i), stream.block(i / 4)[i % 4]);
}

TEST(Permutation, HoldsEverySampleOnce) {
  for (const std::int64_t count : {1, 2, 3, 7, 1000}) {
    std::vector<std::int64_t> order = permutation(RandomStream(1, Purpose::shuffle, 0), count);
    std::sort(order.begin(), order.end());
    std::vector<std::int64_t> all(static_cast<std::size_t>(count));
    std::iota(all.begin(), all.end(), std::int64_t{0});
    EXPECT_EQ(order, all) << count;
  }
}

TEST(Permutation, SortsTheSamplesByTheirKeys) {
  const RandomStream stream(3, Purpose::shuffle, 5);
  const std::vector<std::int64_t> order = permutation(stream, 100);
  const auto key = [&](std::size_t place) {
    const Words words = stream.block(static_cast<std::uint32_t>(order[place]));
    return std::uint64_t{words[0]} << 32U | words[1];
  };
  for (std::size_t place = 1; place < 100; ++place) EXPECT_LT(key(place - 1), key(place));
}

TEST(Permutation, EachOrderIsEquallyLikely) {
  std::map<std::vector<std::int64_t>, int> times;
  constexpr int kDraws = 24000;
  for (std::uint64_t epoch = 0; epoch < kDraws; ++epoch) {
    ++times[permutation(RandomStream(9, Purpose::shuffle, epoch), 4)];
  }
  ASSERT_EQ(times.size(), 24U);
  // 1000 expected, standard deviation 31: five of them either way.
  for (const auto& [order, count] : times) EXPECT_NEAR(count, 1000, 155) << order[0] << order[1] << order[2];
}

TEST(RandomShift, EachShiftIsEquallyLikely) {
  std::map<std::pair<std::int64_t, std::int64_t>, int> times;
  const RandomStream stream(4, Purpose::shift, 11);
  constexpr int kDraws = 25000;
  for (std::int64_t sample = 0; sample < kDraws; ++sample) {
    const Shift shift = random_shift(stream, sample, 2);
    ++times[{shift.right, shift.down}];
  }
  ASSERT_EQ(times.size(), 25U);
  for (const auto& [shift, count] : times) {
    EXPECT_LE(std::max(std::abs(shift.first), std::abs(shift.second)), 2);
    EXPECT_NEAR(count, 1000, 160) << shift.first << ", " << shift.second;
  }
  EXPECT_EQ(random_shift(stream, 5, 0), (Shift{0, 0}));
}

TEST(FillUniform, SpansTheIntervalEvenlyInBinary32) {
  std::vector<double> values(40000);
  fill_uniform(RandomStream(8, Purpose::weight_init, 0, 1), 0.25, values);
  std::array<int, 8> bins{};
  for (const double value : values) {
    ASSERT_EQ(value, static_cast<double>(static_cast<float>(value)));
    ASSERT_LE(std::abs(value), 0.25);
    ++bins[std::min<std::size_t>(7, static_cast<std::size_t>((value + 0.25) * 16.0))];
  }
  for (const int count : bins) EXPECT_NEAR(count, 5000, 330);
}

}  // namespace
}  // namespace xent::mlp
