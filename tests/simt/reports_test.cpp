// What is wrong with a kernel is said: what, which threads, which lines, and how to see it again.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/simt/bugs.cuh"
#include "tests/simt/harness.hpp"
#include "tests/simt/memory_bugs.cuh"

namespace {

using simt::report_of;
using simt::Schedule;
using simt::With;
using testing::AllOf;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::StartsWith;
using xent::gpu::launch;
using xent::gpu::LaunchConfig;

template <class... Arguments>
std::string report(const LaunchConfig& config, Arguments... kernel_and_arguments) {
  return report_of([&] { launch(config, kernel_and_arguments...); });
}

/// The same mistake under many schedules: always reported, and in the same words when replayed.
template <class... Arguments>
void expect_report(const testing::Matcher<std::string>& matcher, const LaunchConfig& config,
                   Arguments... kernel) {
  simt::for_each_schedule(5, [&] {
    const std::string first = report(config, kernel...);
    EXPECT_THAT(first, matcher);
    EXPECT_EQ(report(config, kernel...), first);
  });
}

float out[256];
const LaunchConfig kWarp{.grid = 1, .block = 32};
const LaunchConfig kTwoWarps{.grid = 1, .block = 64};

TEST(Reports, DivergentBarriers) {
  expect_report(
      AllOf(StartsWith("DIVERGENT BARRIER: thread ("), HasSubstr(" meets thread ("), HasSubstr("bugs.cuh:"),
            HasSubstr("wait at __syncthreads"), HasSubstr("\nreplay: SIMT_SCHEDULE=")),
      kTwoWarps, bugs::barrier_in_both_branches, out);
}

TEST(Reports, NameTheCallersLineOfAPrimitive) {
  expect_report(HasSubstr(" (in block.cuh:"), kTwoWarps, bugs::reduction_in_both_branches, out);
}

TEST(Reports, DeadlockListsWhoWaitsWhere) {
  const With fifo(Schedule::fifo);
  EXPECT_THAT(report({.grid = 1, .block = 8}, bugs::different_barriers),
              MatchesRegex(
                  "DEADLOCK: no thread can run\n"
                  "  block \\(0,0,0\\): threads 0,2,4,6 wait at __syncthreads, bugs.cuh:[0-9]+\n"
                  "  block \\(0,0,0\\): threads 1,3,5,7 wait at __syncwarp\\(0xffffffff\\), bugs.cuh:[0-9]+\n"
                  "replay: SIMT_SCHEDULE=fifo SIMT_SEED=1 SIMT_THREADS=1"));
}

TEST(Reports, DeadlocksUnderEverySchedule) {
  expect_report(StartsWith("DEADLOCK"), kTwoWarps, bugs::different_barriers);
  expect_report(AllOf(StartsWith("DEADLOCK"), HasSubstr("threads 0-15,32-47 wait at __syncthreads")),
                kTwoWarps, bugs::half_a_warp_at_the_barrier);
}

TEST(Reports, ShufflesThatDoNotMeet) {
  expect_report(StartsWith("DIVERGENT WARP"), kWarp, bugs::shuffle_in_both_branches, out);
  expect_report(AllOf(StartsWith("SHUFFLE"), HasSubstr("(0xffffffff)"), HasSubstr("(0xffffff00)")), kWarp,
                bugs::different_masks, out);
}

TEST(Reports, ShufflesFromLanesThatAreNotThere) {
  expect_report(
      AllOf(StartsWith("SHUFFLE: thread"), HasSubstr("which does not take part"), HasSubstr("0x000fffff")),
      kWarp, bugs::shuffle_after_exit, out, 20);
  expect_report(StartsWith("SHUFFLE"), {.grid = 1, .block = 48}, bugs::shuffle_after_exit, out, 48);
  expect_report(StartsWith("SHUFFLE"), kWarp, bugs::shuffle_beyond_the_mask, out);
  expect_report(AllOf(StartsWith("MASK"), HasSubstr("leaves it out")), kWarp, bugs::not_in_the_mask, out);
}

TEST(Reports, MisalignedChunk) {
  alignas(16) static const float in[8] = {};
  expect_report(StartsWith("MISALIGNED: thread (0,0,0) of block (0,0,0) at memory_bugs.cuh:"),
                {.grid = 1, .block = 1}, bugs::misaligned, in, out);
}

TEST(Reports, ClusterBarrierOutOfTurn) {
  expect_report(AllOf(StartsWith("CLUSTER BARRIER"), HasSubstr("arrives twice")),
                {.grid = 2, .block = 32, .cluster = 2}, bugs::arrive_twice);
  expect_report(AllOf(StartsWith("CLUSTER BARRIER"), HasSubstr("without having arrived")),
                {.grid = 2, .block = 32, .cluster = 2}, bugs::wait_without_arriving);
}

TEST(Reports, MappingWhatIsNotShared) {
  expect_report(AllOf(StartsWith("CLUSTER"), HasSubstr("outside of its own shared memory")), kWarp,
                bugs::map_what_is_not_shared, out);
}

TEST(Reports, CopiesLeftBehind) {
  static const float4 in[32] = {};
  expect_report(AllOf(StartsWith("ASYNC"), HasSubstr("ends without waiting")), kWarp, bugs::copy_and_leave,
                in);
}

TEST(Reports, MbarriersMisused) {
  expect_report(AllOf(StartsWith("ASYNC"), HasSubstr("not initialised")), kWarp,
                bugs::uninitialised_mbarrier);
  expect_report(AllOf(StartsWith("ASYNC"), HasSubstr("more arrivals")), kWarp, bugs::arrives_too_often);
}

TEST(Reports, BulkCopiesOfWhatNobodyFenced) {
  using bugs::Reusing;
  static const float4 in[16] = {};
  static float4 sums[48];
  const float* const from = &in[0].x;
  float* const to = &sums[0].x;
  for (const Reusing mistake : {Reusing::no_fence, Reusing::one_does_not_fence, Reusing::fences_too_early}) {
    expect_report(AllOf(StartsWith("ASYNC: a bulk copy of shared memory that was stored to"),
                        HasSubstr("memory_bugs.cuh:")),
                  kTwoWarps, bugs::reuse_tile, from, to, mistake);
  }
  expect_report(HasSubstr("thread 40 has not called fence_bulk"), kTwoWarps, bugs::reuse_tile, from, to,
                Reusing::one_does_not_fence);
  expect_report(HasSubstr("has not called fence_bulk"), kTwoWarps, bugs::store_what_was_written, from, to,
                false);
  for (const Reusing good : {Reusing::right, Reusing::no_stores}) {
    expect_report(testing::IsEmpty(), kTwoWarps, bugs::reuse_tile, from, to, good);
  }
  expect_report(testing::IsEmpty(), kTwoWarps, bugs::store_what_was_written, from, to, true);
}

TEST(Reports, Livelock) {
  const auto saved = simt::options().spin_limit;
  simt::options().spin_limit = 20'000;
  unsigned flag = 0;
  expect_report(AllOf(StartsWith("LIVELOCK"), HasSubstr(" spin, bugs.cuh:")), kWarp, bugs::waits_for_nobody,
                &flag);
  simt::options().spin_limit = saved;
}

TEST(Reports, ALockIsNoLivelock) {
  simt::for_each_schedule(8, [] {
    unsigned lock = 0;
    float count = 0;
    launch({.grid = 3, .block = 64}, bugs::lock_in_turn, &lock, &count);
    EXPECT_EQ(count, 192);
  });
}

__global__ void throws() {
  if (threadIdx.x == 5) throw std::runtime_error("from a kernel");
  __syncthreads();
}

TEST(Reports, TrapsAndExceptions) {
  expect_report(StartsWith("TRAP: thread (3,0,0) of block (0,0,0) at bugs.cuh:"), kWarp, bugs::gives_up);
  expect_report(StartsWith("EXCEPTION in a kernel: from a kernel"), kWarp, throws);
}

TEST(Reports, TooMuchSharedMemory) {
  expect_report(StartsWith("SHARED MEMORY"), kWarp, bugs::much_static<49153>);
  expect_report(StartsWith("SHARED MEMORY"), {.grid = 1, .block = 32, .shared_bytes = 200U << 10U},
                bugs::much_static<32768>);
  EXPECT_EQ(report({.grid = 1, .block = 32, .shared_bytes = 179U << 10U}, bugs::much_static<49152>), "");
  EXPECT_EQ(report({.grid = 1, .block = 32, .shared_bytes = 228U << 10U}, bugs::gives_up),
            "too much dynamic shared memory");
}

TEST(Reports, LaunchesThatCannotBe) {
  EXPECT_EQ(report({.grid = 0, .block = 32}, bugs::gives_up), "invalid grid");
  EXPECT_EQ(report({.grid = 1, .block = 0}, bugs::gives_up), "invalid block");
  EXPECT_EQ(report({.grid = 1, .block = 1025}, bugs::gives_up), "invalid block");
  EXPECT_EQ(report({.grid = 3, .block = 32, .cluster = 2}, bugs::gives_up), "invalid cluster");
  EXPECT_EQ(report({.grid = 32, .block = 32, .cluster = 32}, bugs::gives_up), "invalid cluster");
}

// What a failed launch left half done does no harm to the next.
TEST(Reports, ThenTheNextLaunchIsFine) {
  EXPECT_NE(report(kTwoWarps, bugs::different_barriers), "");
  unsigned lock = 0;
  float count = 0;
  EXPECT_EQ(report(kTwoWarps, bugs::lock_in_turn, &lock, &count), "");
  EXPECT_EQ(count, 64);
}

}  // namespace
