// A cooperative grid: all its blocks at once, their barrier, and what is said when they miss each other.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simt/grid_bugs.cuh"
#include "tests/simt/harness.hpp"
#include "tests/simt/primitive_kernels.cuh"

namespace {

using bugs::Meeting;
using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;
using xent::gpu::launch;

constexpr unsigned kBlocks = 3;

std::string report(Meeting meeting, bool cooperative = true) {
  std::vector<float> x(kBlocks), out(kBlocks);
  unsigned arrivals = 0;
  return simt::report_of([&] {
    launch({.grid = kBlocks, .block = 32, .cooperative = cooperative}, bugs::count_blocks, x.data(),
           &arrivals, out.data(), meeting);
  });
}

void expect_report(const testing::Matcher<std::string>& matcher, Meeting meeting) {
  simt::for_each_schedule(5, [&] {
    const std::string first = report(meeting);
    EXPECT_THAT(first, matcher);
    EXPECT_EQ(report(meeting), first);
  });
}

TEST(Grid, BlocksMeetRoundAfterRound) {
  const auto meet = [](std::initializer_list<unsigned> sizes) {
    for (const unsigned blocks : sizes) {
      std::vector<unsigned> x(std::size_t{2} * blocks), expected(blocks);
      unsigned arrivals = 0;
      launch({.grid = blocks, .block = 64, .cooperative = true}, xent::gpu::grid_kernel, x.data(), &arrivals,
             4);
      for (int round = 0; round < 4; ++round) {
        unsigned sum = 0;
        for (const unsigned one : expected) sum += one;
        for (unsigned b = 0; b < blocks; ++b) expected[b] = sum + b;
      }
      EXPECT_EQ(std::vector<unsigned>(x.begin(), x.begin() + blocks), expected);
      EXPECT_EQ(arrivals, 4 * blocks);
    }
  };
  meet({32});
  simt::for_each_schedule(6, [&] { meet({1, 2, 7}); });
}

TEST(Grid, NothingIsWrongWithWhatIsRight) {
  simt::for_each_schedule(8, [] { EXPECT_EQ(report(Meeting::right), ""); });
}

TEST(Grid, ABlockThatSkipsTheBarrier) {
  expect_report(AllOf(StartsWith("DEADLOCK"), HasSubstr("threads 0 wait at the grid barrier, grid_bugs.cuh:"),
                      HasSubstr("block (1,0,0): threads 0-31 exited")),
                Meeting::one_leaves);
}

TEST(Grid, BarriersOnDifferentLines) {
  expect_report(AllOf(StartsWith("DIVERGENT GRID BARRIER: thread (0,0,0) of block ("), HasSubstr(" meets ")),
                Meeting::different_lines);
}

TEST(Grid, ArrivingAndWaitingOutOfTurn) {
  expect_report(AllOf(StartsWith("GRID BARRIER"), HasSubstr("arrives twice without waiting")),
                Meeting::arrives_twice);
  expect_report(AllOf(StartsWith("GRID BARRIER"), HasSubstr("waits without having arrived")),
                Meeting::waits_at_once);
}

TEST(Grid, OrdinaryLaunchesHaveNoSuchBarrier) {
  EXPECT_THAT(report(Meeting::right, false),
              AllOf(StartsWith("GRID BARRIER"), HasSubstr("in a launch that is not cooperative")));
}

/// Its blocks are clusters of one, which cannot reach each other's shared memory.
__global__ void maps_to_a_neighbour(unsigned* out) {
  XENT_SHARED(mine, unsigned);
  if (threadIdx.x == 0) mine = xent::gpu::cluster_rank() + 10 * xent::gpu::cluster_size();
  __syncthreads();
  const unsigned found = *xent::gpu::map_shared(&mine, blockIdx.x);
  if (threadIdx.x == 0) out[blockIdx.x] = found;
}

TEST(Grid, IsNoCluster) {
  std::vector<unsigned> out(2);
  const auto run = [&](unsigned blocks) {
    return simt::report_of(
        [&] { launch({.grid = blocks, .block = 32, .cooperative = true}, maps_to_a_neighbour, out.data()); });
  };
  EXPECT_EQ(run(1), "");
  EXPECT_EQ(out[0], 10U);
  EXPECT_THAT(run(2), AllOf(StartsWith("CLUSTER"), HasSubstr("maps to block 1 of 1")));
}

TEST(Grid, WhatCannotBeLaunched) {
  const auto refusal = [](const xent::gpu::LaunchConfig& config) {
    return simt::report_of([&] { launch(config, xent::gpu::grid_kernel, nullptr, nullptr, 0); });
  };
  EXPECT_EQ(refusal({.grid = 33, .block = 32, .cooperative = true}),
            "a cooperative grid of 33 blocks, of which at most 32 are here at once");
  EXPECT_EQ(refusal({.grid = 4, .block = 32, .cluster = 2, .cooperative = true}),
            "a cooperative grid of clusters");
  EXPECT_EQ(xent::gpu::most_blocks_at_once(xent::gpu::grid_kernel, 32, 0), 32U);
}

}  // namespace
