// ThreadSanitizer as the race checker: it sees a missing barrier whatever the schedule, since threads of a
// block are ordered by nothing but the barriers that CUDA gives them.
#include <gtest/gtest.h>

#include <atomic>

#include "tests/simt/bugs.cuh"
#include "tests/simt/grid_bugs.cuh"
#include "tests/simt/harness.hpp"
#include "tests/simt/memory_bugs.cuh"
#include "tests/simt/primitive_kernels.cuh"

namespace {
std::atomic<int> reports{0};
}  // namespace

// Races are expected here: count them, all of them, and go on.
extern "C" const char* __tsan_default_options() {  // NOLINT
  return "exitcode=0:symbolize=0:suppress_equal_stacks=0:suppress_equal_addresses=0:atexit_sleep_ms=0";
}
extern "C" void __tsan_on_report(void*) { ++reports; }  // NOLINT

namespace {

using simt::Schedule;
using xent::gpu::launch;

template <class Run>
int races(Run run, Schedule schedule = Schedule::fifo, std::uint64_t seed = 1, unsigned threads = 1) {
  const simt::With with(schedule, seed, threads);
  const int before = reports;
  simt::report_of(run);
  return reports - before;
}

/// Always, not only for some seeds.
template <class Run>
void expect_race(Run run) {
  EXPECT_GT(races(run), 0);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) EXPECT_GT(races(run, Schedule::mixed, seed), 0) << seed;
}

template <class Run>
void expect_none(Run run) {
  EXPECT_EQ(races(run), 0);
  for (std::uint64_t seed = 1; seed <= 3; ++seed) EXPECT_EQ(races(run, Schedule::mixed, seed), 0) << seed;
}

float out[256];
float4 in[80];
float4 out4[64];

TEST(Tsan, BarriersThatAreMissing) {
  expect_race([] { launch({.grid = 1, .block = 64}, bugs::reverse_without_barrier, out); });
  expect_race([] { launch({.grid = 1, .block = 64}, bugs::reuse_without_barrier, out); });
  expect_race([] { launch({.grid = 1, .block = 64}, bugs::first_thread_initialises, out); });
  expect_race([] { launch({.grid = 1, .block = 32}, bugs::exchange_without_warp_barrier, out); });
}

TEST(Tsan, WhatShouldBeAtomic) {
  expect_race([] { launch({.grid = 1, .block = 64}, bugs::count_without_atomic, out, &in[0].x); });
}

/// A shuffle orders no memory, whatever it looks like.
__global__ void shuffle_for_a_barrier(float* result) {
  XENT_SHARED(row, float[32]);
  row[threadIdx.x] = 1;
  const float zero = __shfl_xor_sync(xent::gpu::kAllLanes, 0.0F, 1);
  result[threadIdx.x] = row[threadIdx.x ^ 1U] + zero;
}

TEST(Tsan, AShuffleIsNoBarrier) {
  expect_race([] { launch({.grid = 1, .block = 32}, shuffle_for_a_barrier, out); });
}

TEST(Tsan, BlocksThatRace) {
  const auto run = [] { launch({.grid = 16, .block = 32}, bugs::count_blocks_without_atomic, out); };
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    EXPECT_GT(races(run, Schedule::mixed, seed, 1), 0);
    EXPECT_GT(races(run, Schedule::mixed, seed, 2), 0);
  }
}

TEST(Tsan, AResultThatIsNotPublished) {
  for (const bool publish : {false, true}) {
    for (const unsigned threads : {1U, 2U}) {
      float partial[16] = {};
      unsigned done = 0;
      const auto run = [&] {
        launch({.grid = 16, .block = 32}, bugs::last_block_without_fence, partial, &done, out, publish);
      };
      EXPECT_EQ(races(run, Schedule::mixed, 1, threads) > 0, !publish) << threads;
    }
  }
}

TEST(Tsan, CopiesAndTheirBarriers) {
  using bugs::Copying;
  using bugs::Loading;
  const auto copy = [](Copying mistake) {
    return [=] { launch({.grid = 1, .block = 64}, bugs::copy_through_shared, in, out4, mistake); };
  };
  expect_none(copy(Copying::right));
  expect_race(copy(Copying::no_wait));
  expect_race(copy(Copying::no_barrier));
  expect_race(copy(Copying::wrong_group));
  const auto load = [](Loading mistake) {
    return [=] { launch({.grid = 1, .block = 64}, bugs::sum_tiles, &in[0].x, out, 5, mistake); };
  };
  expect_none(load(Loading::right));
  expect_race(load(Loading::no_wait));
  expect_race(load(Loading::no_barrier_before_reuse));
  EXPECT_GT(races(load(Loading::no_init_barrier)), 0);  // other schedules come too early and get a report
}

TEST(Tsan, ClusterBarriersThatAreMissing) {
  expect_race(
      [] { launch({.grid = 4, .block = 32, .cluster = 4}, bugs::write_to_a_block_before_it_runs, out); });
  expect_none(
      [] { launch({.grid = 4, .block = 32, .cluster = 4}, bugs::read_a_block_that_left, out, true); });
}

TEST(Tsan, GridBarriersThatAreMissing) {
  const auto count = [](bugs::Meeting meeting) {
    return [=] {
      float x[5] = {};
      unsigned arrivals = 0;
      launch({.grid = 5, .block = 32, .cooperative = true}, bugs::count_blocks, x, &arrivals, out, meeting);
    };
  };
  expect_none(count(bugs::Meeting::right));
  expect_race(count(bugs::Meeting::no_barrier));
  expect_race(count(bugs::Meeting::no_fence));
}

TEST(Tsan, ALockIsNoRace) {
  unsigned lock = 0;
  expect_none([&] { launch({.grid = 2, .block = 64}, bugs::lock_in_turn, &lock, out); });
}

// Blocks have their shared memory after one another; launches their global memory.
TEST(Tsan, WhatIsOrderedIsNoRace) {
  std::vector<unsigned> numbers(20 * 32, 1);
  std::vector<unsigned> partial(20);
  for (const unsigned threads : {1U, 2U}) {
    for (int launches = 0; launches < 3; ++launches) {
      unsigned done = 0;
      unsigned sum = 0;
      EXPECT_EQ(races(
                    [&] {
                      launch({.grid = 20, .block = 32}, xent::gpu::last_block_kernel, numbers.data(),
                             partial.data(), &done, &sum);
                    },
                    Schedule::mixed, 7, threads),
                0);
      EXPECT_EQ(sum, 640U);
    }
  }
}

}  // namespace
