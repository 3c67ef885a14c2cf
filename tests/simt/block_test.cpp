// Block and cluster primitives against the obvious loops.
#include <gtest/gtest.h>

#include "tests/simt/harness.hpp"
#include "tests/simt/primitive_kernels.cuh"

namespace {

using namespace xent::gpu;  // NOLINT

std::vector<Affine> functions(std::size_t n) {
  std::vector<Affine> out(n);
  for (unsigned i = 0; i < n; ++i) out[i] = {2 * i * 1234567 + 1, i * 7654321 + 3};
  return out;
}

bool same(Affine x, Affine y) { return x.a == y.a && x.b == y.b; }

void expect_compositions(dim3 block) {
  const std::size_t n = std::size_t{block.x} * block.y * block.z;
  const auto in = functions(2 * n);
  std::vector<Affine> reduced(2 * n);
  std::vector<Affine> before(2 * n);
  std::vector<Affine> total(2 * n);
  launch({.grid = 2, .block = block}, block_kernel<Affine, Compose>, in.data(), reduced.data(), before.data(),
         total.data(), Compose(), kUnchanged);
  for (const std::size_t first : {std::size_t{0}, n}) {
    Affine all;
    for (std::size_t i = first; i < first + n; ++i) {
      EXPECT_TRUE(same(before[i], all)) << i;
      all = Compose()(all, in[i]);
    }
    for (std::size_t i = first; i < first + n; ++i) {
      EXPECT_TRUE(same(reduced[i], all)) << i;
      EXPECT_TRUE(same(total[i], all)) << i;
    }
  }
}

TEST(Block, ReducesAndScansInThreadOrder) {
  simt::for_each_schedule(4, [] {
    for (const unsigned threads : {32U, 64U, 96U, 160U, 256U, 480U}) expect_compositions(threads);
    expect_compositions({8, 4, 2});
    expect_compositions({5, 32});
  });
}

TEST(Block, OfTheLargestSize) { expect_compositions(1024); }

TEST(Block, SumsHaveTheSameBitsInAllThreadsAndSchedules) {
  constexpr unsigned kThreads = 192;
  std::vector<float> in(kThreads);
  for (unsigned i = 0; i < kThreads; ++i) in[i] = 1.0F / static_cast<float>(i * i + 3);
  float first = 0;
  simt::for_each_schedule(12, [&] {
    std::vector<float> reduced(kThreads);
    std::vector<float> before(kThreads);
    std::vector<float> total(kThreads);
    launch({.grid = 1, .block = kThreads}, block_kernel<float, Plus>, in.data(), reduced.data(),
           before.data(), total.data(), Plus(), 0.0F);
    if (first == 0) first = reduced[0];
    for (unsigned i = 0; i < kThreads; ++i) {
      EXPECT_EQ(reduced[i], first);
      EXPECT_EQ(total[i], total[0]);
    }
  });
}

TEST(Block, MaximumAndMinimum) {
  std::vector<int> in(64);
  for (int i = 0; i < 64; ++i) in[static_cast<std::size_t>(i)] = i * 29 % 64 - 20;
  std::vector<int> reduced(64);
  std::vector<int> unused(64);
  launch({.grid = 1, .block = 64}, block_kernel<int, Maximum>, in.data(), reduced.data(), unused.data(),
         unused.data(), Maximum(), -1000);
  EXPECT_EQ(reduced[17], 43);
  launch({.grid = 1, .block = 64}, block_kernel<int, Minimum>, in.data(), reduced.data(), unused.data(),
         unused.data(), Minimum(), 1000);
  EXPECT_EQ(reduced[17], -20);
}

TEST(Block, BarriersCount) {
  simt::for_each_schedule(6, [] {
    for (const int yes : {0, 1, 69, 70}) {
      std::vector<int> in(70);
      std::fill(in.begin(), in.begin() + yes, 5);
      std::vector<int> out(3 * in.size());
      launch({.grid = 1, .block = 70}, block_vote_kernel, in.data(), out.data());
      for (std::size_t i = 0; i < in.size(); ++i) {
        EXPECT_EQ(out[3 * i], yes);
        EXPECT_EQ(out[3 * i + 1], int{yes == 70});
        EXPECT_EQ(out[3 * i + 2], int{yes != 0});
      }
    }
  });
}

/// The hardware's barrier waits for the threads that are still there.
__global__ void most_leave(int* out) {
  if (threadIdx.x != 7) return;
  __syncthreads();
  *out = __syncthreads_count(1);
}

TEST(Block, BarriersDoNotWaitForThoseWhoLeft) {
  simt::for_each_schedule(6, [] {
    int out = 0;
    launch({.grid = 1, .block = 128}, most_leave, &out);
    EXPECT_EQ(out, 1);
  });
}

__global__ void where_am_i(unsigned* out) {
  const unsigned block = blockIdx.x + gridDim.x * (blockIdx.y + gridDim.y * blockIdx.z);
  unsigned* const mine = out + (block * block_threads() + thread_rank()) * 3;
  mine[0] += 1;
  mine[1] = threadIdx.x + 10 * threadIdx.y + 100 * threadIdx.z;
  mine[2] = 1000 * warp_id() + lane_id();
}

TEST(Block, EveryThreadOfEveryBlockRunsOnce) {
  for (const unsigned threads : {1U, 3U}) {
    const simt::With with(simt::Schedule::mixed, 3, threads);
    std::vector<unsigned> out(3 * 24 * 60);
    launch({.grid = {2, 3, 4}, .block = {5, 4, 3}}, where_am_i, out.data());
    for (unsigned i = 0; i < 24 * 60; ++i) {
      const unsigned rank = i % 60;
      EXPECT_EQ(out[3 * i], 1U);
      EXPECT_EQ(out[3 * i + 1], rank % 5 + 10 * (rank / 5 % 4) + 100 * (rank / 20));
      EXPECT_EQ(out[3 * i + 2], 1000 * (rank / 32) + rank % 32);
    }
  }
}

TEST(Cluster, BlocksReachEachOther) {
  simt::for_each_schedule(6, [] {
    for (const unsigned size : {1U, 2U, 4U, 8U, 16U}) {
      std::vector<unsigned> out(32 * 16);
      launch({.grid = 32, .block = 64, .cluster = size}, cluster_kernel, out.data());
      for (unsigned block = 0; block < 32; ++block) {
        for (unsigned other = 0; other < size; ++other) {
          EXPECT_EQ(out[block * 16 + other], 32 + block / size * size + other);
        }
      }
    }
  });
}

/// A thread that has left counts as arrived, also when it arrived and did not wait.
__global__ void some_leave_the_cluster(unsigned* out) {
  if (threadIdx.x % 3 == 1) return;
  cluster_arrive();
  if (threadIdx.x % 3 == 2) return;
  cluster_wait();
  cluster_sync();
  atomic_add(out, 1U);
}

TEST(Cluster, BarriersDoNotWaitForThoseWhoLeft) {
  simt::for_each_schedule(6, [] {
    unsigned out = 0;
    launch({.grid = 4, .block = 48, .cluster = 4}, some_leave_the_cluster, &out);
    EXPECT_EQ(out, 4 * 16U);
  });
}

}  // namespace
