// Warp primitives against the obvious loops, for every group size and many masks.
#include <gtest/gtest.h>

#include <numeric>

#include "tests/simt/harness.hpp"
#include "tests/simt/primitive_kernels.cuh"

namespace {

using namespace xent::gpu;  // NOLINT

template <int... kGroups, class F>
void for_groups(std::integer_sequence<int, kGroups...>, F f) {
  (f(std::integral_constant<int, kGroups>()), ...);
}
constexpr std::integer_sequence<int, 1, 2, 4, 8, 16, 32> kGroups{};

template <class T>
std::vector<T> numbers(std::size_t n) {
  std::vector<T> out(n);
  for (std::size_t i = 0; i < n; ++i) out[i] = static_cast<T>(i * 37 % 101) - 5;
  return out;
}

std::vector<Affine> functions(std::size_t n) {
  std::vector<Affine> out(n);
  for (unsigned i = 0; i < n; ++i) out[i] = {2 * i * 1234567 + 1, i * 7654321 + 3};
  return out;
}

template <class T, int kGroup>
void expect_group_sums(bool by_group) {
  constexpr unsigned kThreads = 96;
  const auto in = numbers<T>(2 * kThreads);
  std::vector<T> reduced(in.size());
  std::vector<T> scanned(in.size());
  launch({.grid = 2, .block = kThreads}, group_kernel<T, kGroup>, in.data(), reduced.data(), scanned.data(),
         by_group);
  for (std::size_t i = 0; i < in.size(); ++i) {
    const auto first = in.begin() + static_cast<std::ptrdiff_t>(i / kGroup * kGroup);
    EXPECT_EQ(reduced[i], std::accumulate(first, first + kGroup, T{})) << kGroup << ' ' << i;
    EXPECT_EQ(scanned[i], std::accumulate(first, in.begin() + static_cast<std::ptrdiff_t>(i), T{}))
        << kGroup << ' ' << i;
  }
}

TEST(Warp, GroupsReduceAndScan) {
  simt::for_each_schedule(6, [] {
    for_groups(kGroups, [](auto group) {
      expect_group_sums<float, group()>(false);
      expect_group_sums<double, group()>(true);
      expect_group_sums<std::int32_t, group()>(true);
      expect_group_sums<std::int64_t, group()>(false);
    });
  });
}

TEST(Warp, ReductionsKeepTheOrderOfLanes) {
  simt::for_each_schedule(6, [] {
    for_groups(kGroups, [](auto group) {
      const auto in = functions(64);
      std::vector<Affine> reduced(64);
      std::vector<Affine> scanned(64);
      launch({.grid = 1, .block = 64}, affine_group_kernel<group()>, in.data(), reduced.data(),
             scanned.data());
      for (std::size_t i = 0; i < 64; ++i) {
        Affine all;
        for (std::size_t j = i / group() * group(); j < (i / group() + 1) * group(); ++j) {
          if (j == i) {
            EXPECT_EQ(scanned[i].a, all.a);
            EXPECT_EQ(scanned[i].b, all.b);
          }
          all = Compose()(all, in[j]);
        }
        EXPECT_EQ(reduced[i].a, all.a);
        EXPECT_EQ(reduced[i].b, all.b);
      }
    });
  });
}

template <class T>
void expect_shuffles(unsigned distance, unsigned width) {
  const auto in = numbers<T>(64);
  std::vector<T> out(4 * in.size());
  launch({.grid = 1, .block = 64}, shuffle_kernel<T>, in.data(), out.data(), distance, width);
  for (unsigned i = 0; i < 64; ++i) {
    const unsigned first = i / width * width;
    const unsigned warp = i / 32 * 32;
    EXPECT_EQ(out[i], in[first + distance % width]);
    EXPECT_EQ(out[64 + i], in[warp + (i % 32 ^ distance)]);
    EXPECT_EQ(out[128 + i], in[i - first >= distance ? i - distance : i]);
    EXPECT_EQ(out[192 + i], in[i - first + distance < width ? i + distance : i]);
  }
}

TEST(Warp, Shuffles) {
  for (unsigned width = 1; width <= 32; width *= 2) {
    for (unsigned distance = 0; distance < 32; ++distance) {
      expect_shuffles<float>(distance, width);
      expect_shuffles<std::int64_t>(distance, width);
      expect_shuffles<std::int16_t>(distance, width);
    }
  }
}

// CUDA: lane ^ mask may lie in an earlier group, which may be read, or in a later one, which may not.
__global__ void xor_across_groups(unsigned* out) {
  out[threadIdx.x] = __shfl_xor_sync(kAllLanes, threadIdx.x, 4, 4);
}

TEST(Warp, XorLooksBackButNotAheadOfItsGroup) {
  std::vector<unsigned> out(32);
  launch({.grid = 1, .block = 32}, xor_across_groups, out.data());
  for (unsigned i = 0; i < 32; ++i) EXPECT_EQ(out[i], (i & 4U) != 0 ? i - 4 : i);
}

TEST(Warp, VotesCountTheLanesOfTheMask) {
  simt::for_each_schedule(4, [] {
    for (const unsigned mask : {~0U, 1U, 0x80000000U, 0xFFFFU, 0x0F0F0F0FU, 0x12345678U}) {
      for (const unsigned yes : {0U, ~0U, 0x5555AAAAU, mask, ~mask}) {
        std::vector<int> in(32);
        for (unsigned i = 0; i < 32; ++i) in[i] = static_cast<int>(yes >> i & 1U) * 8;
        std::vector<unsigned> out(96, 99);
        launch({.grid = 1, .block = 32}, vote_kernel, in.data(), out.data(), mask);
        for (unsigned i = 0; i < 32; ++i) {
          const bool in_mask = (mask >> i & 1U) != 0;
          EXPECT_EQ(out[3 * i], in_mask ? (yes & mask) : 99U);
          EXPECT_EQ(out[3 * i + 1], in_mask ? unsigned{(yes & mask) != 0} : 99U);
          EXPECT_EQ(out[3 * i + 2], in_mask ? unsigned{(yes & mask) == mask} : 99U);
        }
      }
    }
  });
}

/// Groups go round loops of different lengths, each with its own mask.
__global__ void ragged_groups(unsigned* out) {
  const unsigned group = threadIdx.x / 8;
  unsigned sum = 0;
  for (unsigned round = 0; round <= group; ++round) sum += reduce_lanes<8>(1U, Plus(), group_mask<8>());
  __syncwarp();
  out[threadIdx.x] = sum;
}

TEST(Warp, GroupsMayDiverge) {
  simt::for_each_schedule(8, [] {
    std::vector<unsigned> out(32);
    launch({.grid = 1, .block = 32}, ragged_groups, out.data());
    for (unsigned i = 0; i < 32; ++i) EXPECT_EQ(out[i], 8 * (i / 8 + 1));
  });
}

/// Lanes of the mask that have exited are not waited for.
__global__ void some_leave(unsigned* out) {
  if (threadIdx.x % 32 >= 20) return;
  out[threadIdx.x] = __ballot_sync(kAllLanes, 1);
  __syncwarp();
}

TEST(Warp, CollectivesDoNotWaitForThoseWhoLeft) {
  simt::for_each_schedule(8, [] {
    std::vector<unsigned> out(64);
    launch({.grid = 1, .block = 52}, some_leave, out.data());
    for (unsigned i = 0; i < 52; ++i) EXPECT_EQ(out[i], i % 32 < 20 ? 0xFFFFFU : 0U);
  });
}

}  // namespace
