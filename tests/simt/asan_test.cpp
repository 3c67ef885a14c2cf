// What AddressSanitizer and UBSan see through the fibers and in shared memory. Each case is a process of
// its own, which the sanitizer ends.
#include <gtest/gtest.h>

#include <memory>

#include "tests/simt/bugs.cuh"
#include "tests/simt/harness.hpp"
#include "tests/simt/memory_bugs.cuh"

namespace {

using xent::gpu::launch;

constexpr const char* kPoisoned = "AddressSanitizer: (use-after-poison|unknown-crash)";

TEST(AsanDeathTest, BeyondStaticSharedMemory) {
  std::vector<float> out(32);
  EXPECT_DEATH(launch({.grid = 1, .block = 32}, bugs::beyond_static, out.data(), 1), kPoisoned);
  EXPECT_DEATH(launch({.grid = 1, .block = 32}, bugs::beyond_static, out.data(), -1), kPoisoned);
  launch({.grid = 1, .block = 32}, bugs::beyond_static, out.data(), 0);
}

TEST(AsanDeathTest, BeyondDynamicSharedMemory) {
  std::vector<float> out(32);
  EXPECT_DEATH(launch({.grid = 1, .block = 32, .shared_bytes = 128}, bugs::beyond_dynamic, out.data(), 1),
               kPoisoned);
  EXPECT_DEATH(launch({.grid = 1, .block = 32, .shared_bytes = 128}, bugs::beyond_dynamic, out.data(), -1),
               kPoisoned);
  launch({.grid = 1, .block = 32, .shared_bytes = 128}, bugs::beyond_dynamic, out.data(), 0);
}

TEST(AsanDeathTest, BeyondGlobalMemory) {
  const auto out = std::make_unique<float[]>(32);
  EXPECT_DEATH(launch({.grid = 1, .block = 32}, bugs::beyond_global, out.get(), 1), "heap-buffer-overflow");
  EXPECT_DEATH(launch({.grid = 1, .block = 32}, bugs::beyond_global, out.get(), -1), "heap-buffer-overflow");
}

TEST(AsanDeathTest, BeyondALocalArray) {
  std::vector<float> out(32);
  EXPECT_DEATH(launch({.grid = 1, .block = 32}, bugs::beyond_local, out.data(), 1),
               "stack-buffer-overflow|index 8 out of bounds");
  launch({.grid = 1, .block = 32}, bugs::beyond_local, out.data(), 0);
}

TEST(AsanDeathTest, BlocksThatLeftOrHaveNotStarted) {
  std::vector<float> out(4);
  const simt::With fifo(simt::Schedule::fifo);
  EXPECT_DEATH(
      launch({.grid = 4, .block = 64, .cluster = 4}, bugs::read_a_block_that_left, out.data(), false),
      kPoisoned);
  EXPECT_DEATH(
      launch({.grid = 4, .block = 64, .cluster = 4}, bugs::write_to_a_block_before_it_runs, out.data()),
      kPoisoned);
}

TEST(AsanDeathTest, CopiesNotWaitedFor) {
  std::vector<float4> in(80);
  std::vector<float4> out(64);
  using bugs::Copying;
  using bugs::Loading;
  for (const Copying mistake : {Copying::no_wait, Copying::wrong_group}) {
    EXPECT_DEATH(launch({.grid = 1, .block = 64}, bugs::copy_through_shared, in.data(), out.data(), mistake),
                 kPoisoned);
  }
  EXPECT_DEATH(launch({.grid = 1, .block = 64}, bugs::sum_tiles, &in[0].x, &out[0].x, 5, Loading::no_wait),
               kPoisoned);
}

TEST(AsanDeathTest, ACopysSourceIsReadWhenItLands) {
  const auto in = std::make_unique<float4[]>(63);
  std::vector<float4> out(64);
  EXPECT_DEATH(
      launch({.grid = 1, .block = 64}, bugs::copy_through_shared, in.get(), out.data(), bugs::Copying::right),
      "heap-buffer-overflow");
}

// A failed launch leaves frames behind: their poison must not meet the next fibers.
TEST(Asan, StacksAreCleanAfterAFailedLaunch) {
  std::vector<float> out(32);
  for (int i = 0; i < 20; ++i) {
    EXPECT_NE(simt::report_of([] { launch({.grid = 1, .block = 64}, bugs::different_barriers); }), "");
    launch({.grid = 1, .block = 32}, bugs::beyond_local, out.data(), 0);
  }
}

}  // namespace
