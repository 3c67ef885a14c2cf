// The device's order of an epoch is the host's.
#include <algorithm>
#include <numeric>
#include <vector>

#include <gtest/gtest.h>

#include "host/mlp/random.hpp"
#include "kernels/instances/mlp.hpp"
#include "kernels/primitives/sort.cuh"
#include "tests/simt/options.hpp"

namespace xent::mlp {
namespace {

TEST(Shuffle, IsThePermutation) {
  for (const std::int64_t count : {1, 2, 3, 100, 3000}) {
    const auto n = static_cast<std::size_t>(count);
    const RandomStream stream(0x5555555555U, Purpose::shuffle, 4);
    simt::for_each_schedule(1, [&] {
      std::vector<std::uint64_t> keys(2 * n);
      std::vector<std::uint32_t> samples(n);
      std::vector<unsigned char> scratch(gpu::shuffle_scratch_bytes(count));
      std::vector<std::uint32_t> order(n, 12345);
      gpu::launch_shuffle({.grid = 3}, stream, count,
                          {.keys = keys.data(),
                           .samples = samples.data(),
                           .scratch = scratch.data(),
                           .scratch_bytes = scratch.size()},
                          order.data());
      EXPECT_TRUE(std::ranges::equal(order, permutation(stream, count))) << count;
      for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(keys[n + i], shuffle_key(stream, order[i])) << count;
    });
  }
}

TEST(Sort, KeepsTheOrderOfEqualKeys) {
  constexpr std::uint64_t kPairs = 50;
  std::vector<std::uint64_t> keys;
  for (std::uint64_t i = 0; i < kPairs; ++i) keys.push_back(i * 7 % 4 << 40U);
  std::vector<std::uint32_t> values(kPairs);
  std::iota(values.begin(), values.end(), 0U);
  std::vector<std::uint64_t> sorted_keys(kPairs);
  std::vector<std::uint32_t> sorted(kPairs);
  gpu::sort<std::uint64_t, std::uint32_t>(
      {keys.data(), values.data(), sorted_keys.data(), sorted.data(), kPairs}, nullptr, 0, nullptr);
  for (std::size_t i = 1; i < kPairs; ++i) {
    ASSERT_LE(sorted_keys[i - 1], sorted_keys[i]);
    EXPECT_EQ(sorted_keys[i], keys[sorted[i]]);
    if (sorted_keys[i - 1] == sorted_keys[i]) {
      EXPECT_LT(sorted[i - 1], sorted[i]);
    }
  }
}

}  // namespace
}  // namespace xent::mlp
