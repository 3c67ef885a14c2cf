// Seeds replay, and seeds differ.
#include <gtest/gtest.h>

#include <cstdlib>
#include <set>

#include "tests/simt/harness.hpp"
#include "tests/simt/primitive_kernels.cuh"

namespace {

using namespace xent::gpu;  // NOLINT
using simt::Schedule;
using simt::With;

/// Who comes when.
__global__ void order_kernel(unsigned* next, unsigned* order) {
  for (int round = 0; round < 3; ++round) {
    order[atomic_add(next, 1U)] = blockIdx.x * blockDim.x + threadIdx.x;
    __syncwarp();
  }
}

std::vector<unsigned> order(Schedule schedule, std::uint64_t seed, unsigned cluster = 1) {
  const With with(schedule, seed);
  std::vector<unsigned> out(3 * 4 * 64);
  unsigned next = 0;
  launch({.grid = 4, .block = 64, .cluster = cluster}, order_kernel, &next, out.data());
  return out;
}

TEST(Schedules, ASeedReplaysAndSeedsDiffer) {
  for (const Schedule schedule :
       {Schedule::sticky, Schedule::uniform, Schedule::starve_lane, Schedule::starve_warp, Schedule::mixed}) {
    std::set<std::vector<unsigned>> seen;
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
      const auto first = order(schedule, seed);
      EXPECT_EQ(order(schedule, seed), first) << name(schedule) << ' ' << seed;
      seen.insert(first);
    }
    EXPECT_EQ(seen.size(), 20U) << name(schedule);
  }
}

TEST(Schedules, FifoIsInOrderWhateverTheSeed) {
  const auto first = order(Schedule::fifo, 1);
  EXPECT_EQ(order(Schedule::fifo, 2), first);
  EXPECT_EQ(order(Schedule::fifo, 3, 4).size(), first.size());
  for (unsigned i = 0; i < 32; ++i) EXPECT_EQ(first[i], i);
}

TEST(Schedules, AnyThreadMayBeFirstAndLast) {
  std::set<unsigned> first;
  std::set<unsigned> last;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto seen = order(Schedule::uniform, seed, 4);
    first.insert(seen.front());
    last.insert(seen.back());
  }
  EXPECT_GT(first.size(), 110U);
  EXPECT_GT(last.size(), 80U);
}

TEST(Schedules, AStarvedLaneIsLate) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto seen = order(Schedule::starve_lane, seed, 4);
    const unsigned lane = seen[8 * 31] % 32;  // when all others have had their first turn
    for (unsigned i = 0; i < 8 * 31; ++i) EXPECT_NE(seen[i] % 32, lane);
  }
}

TEST(Schedules, EachOfThemIsRun) {
  if (std::getenv("SIMT_SEED") != nullptr || std::getenv("SIMT_SCHEDULE") != nullptr) GTEST_SKIP();
  std::vector<std::string> seen;
  const With with(Schedule::uniform, 77);
  simt::for_each_schedule(
      3, [&] { seen.push_back(name(simt::options().schedule) + std::to_string(simt::options().seed)); });
  EXPECT_EQ(seen, (std::vector<std::string>{"fifo77", "mixed1", "mixed2", "mixed3"}));
  EXPECT_EQ(simt::options().seed, 77U);
}

TEST(Schedules, TheEnvironmentChooses) {
  setenv("SIMT_SCHEDULE", "starve-warp", 1);
  setenv("SIMT_SEED", "0x10", 1);
  setenv("SIMT_THREADS", "3", 1);
  const simt::Options chosen = simt::environment_options();
  EXPECT_EQ(chosen.schedule, Schedule::starve_warp);
  EXPECT_EQ(chosen.seed, 16U);
  EXPECT_EQ(chosen.threads, 3U);
  setenv("SIMT_SCHEDULE", "random", 1);
  EXPECT_THROW(simt::environment_options(), simt::Error);
  unsetenv("SIMT_SCHEDULE");
  setenv("SIMT_THREADS", "-3", 1);
  EXPECT_THROW(simt::environment_options(), simt::Error);
  unsetenv("SIMT_THREADS");
  unsetenv("SIMT_SEED");
}

}  // namespace
