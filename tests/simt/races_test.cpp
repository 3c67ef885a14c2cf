// Missing synchronisation shows in the results, with no sanitizer: under fifo, and in how many of 20 seeds.
#include <gtest/gtest.h>

#include <numeric>
#include <ostream>

#include "tests/simt/bugs.cuh"
#include "tests/simt/grid_bugs.cuh"
#include "tests/simt/harness.hpp"
#include "tests/simt/memory_bugs.cuh"

namespace {

using simt::Schedule;
using xent::gpu::launch;

struct Race {
  const char* name;
  bool under_fifo;
  int of_20_seeds;  // at least
  bool (*is_right)();
};
std::ostream& operator<<(std::ostream& out, const Race& race) { return out << race.name; }

template <class Expected>
bool equals(const std::vector<float>& out, Expected expected) {
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] != static_cast<float>(expected(i))) return false;
  }
  return true;
}

template <class Kernel, class Expected>
bool fills(unsigned threads, Kernel kernel, Expected expected) {
  std::vector<float> out(threads);
  launch({.grid = 1, .block = threads}, kernel, out.data());
  return equals(out, expected);
}

bool counts() {
  simt::options().yield_one_in = 4;
  float out = 0;
  const float4 anything{};
  launch({.grid = 1, .block = 128}, bugs::count_without_atomic, &out, &anything.x);
  simt::options().yield_one_in = 0;
  return out == 128;
}

template <bugs::Copying kMistake>
bool copies() {
  std::vector<float4> in(64);
  std::vector<float4> out(64);
  for (std::size_t i = 0; i < 64; ++i) in[i].z = static_cast<float>(i);
  launch({.grid = 1, .block = 64}, bugs::copy_through_shared, in.data(), out.data(), kMistake);
  return std::equal(in.begin(), in.end(), out.begin(), [](float4 a, float4 b) { return a.z == b.z; });
}

template <bugs::Loading kMistake>
bool sums_tiles() {
  constexpr int kTiles = 5;
  std::vector<float4> in(kTiles * 16);
  std::vector<float> out(64);
  std::iota(&in[0].x, &in[0].x + kTiles * 64, 0.0F);
  launch({.grid = 1, .block = 64}, bugs::sum_tiles, &in[0].x, out.data(), kTiles, kMistake);
  return equals(out, [](auto i) { return kTiles * ((i + 7) % 64) + 640; });
}

template <bool kWaitForAll>
bool reads_blocks() {
  std::vector<float> out(4);
  launch({.grid = 4, .block = 64, .cluster = 4}, bugs::read_a_block_that_left, out.data(), kWaitForAll);
  return equals(out, [](auto) { return 4; });
}

bool writes_blocks() {
  std::vector<float> out(4);
  launch({.grid = 4, .block = 64, .cluster = 4}, bugs::write_to_a_block_before_it_runs, out.data());
  return equals(out, [](auto) { return 1; });
}

template <bugs::Meeting kMeeting>
bool counts_blocks() {
  std::vector<float> x(5);
  std::vector<float> out(5);
  unsigned arrivals = 0;
  launch({.grid = 5, .block = 64, .cooperative = true}, bugs::count_blocks, x.data(), &arrivals, out.data(),
         kMeeting);
  return equals(out, [](auto) { return 5; });
}

bool reads_what_was_written() {
  std::vector<float> out(128);
  launch({.grid = 1, .block = 64, .shared_bytes = 256}, bugs::read_uninitialised, out.data());
  return equals(out, [](auto) { return 1; });
}

const Race kRaces[] = {
    {"NoBarrierAfterWrite", true, 20,
     [] { return fills(256, bugs::reverse_without_barrier, [](auto i) { return 255 - i; }); }},
    {"NoBarrierBeforeReuse", true, 18,
     [] { return fills(256, bugs::reuse_without_barrier, [](auto i) { return 4 * ((i + 1) % 256) + 6; }); }},
    {"NoBarrierAfterFirstThread", false, 16,
     [] { return fills(256, bugs::first_thread_initialises, [](auto) { return 7; }); }},
    {"NoWarpBarrier", true, 20,
     [] { return fills(32, bugs::exchange_without_warp_barrier, [](auto i) { return i ^ 1U; }); }},
    {"NotAtomicInShared", true, 18, counts},
    {"ReadUninitialised", true, 20, reads_what_was_written},
    {"CopyNotWaitedFor", true, 20, copies<bugs::Copying::no_wait>},
    {"CopyWithoutBarrier", true, 18, copies<bugs::Copying::no_barrier>},
    {"CopyOfAnotherGroupWaitedFor", true, 20, copies<bugs::Copying::wrong_group>},
    {"BulkLoadNotWaitedFor", true, 20, sums_tiles<bugs::Loading::no_wait>},
    {"BulkLoadIntoBufferInUse", true, 18, sums_tiles<bugs::Loading::no_barrier_before_reuse>},
    {"MbarrierUsedBeforeInit", false, 16, sums_tiles<bugs::Loading::no_init_barrier>},
    {"ReadsBlockThatLeft", true, 18, reads_blocks<false>},
    {"NoGridBarrier", true, 20, counts_blocks<bugs::Meeting::no_barrier>},
    {"SkippedGridBarrier", true, 20, counts_blocks<bugs::Meeting::one_skips>},
    {"WritesBlockBeforeItRuns", true, 14, writes_blocks},
};

class Races : public testing::TestWithParam<Race> {};

TEST_P(Races, Show) {
  EXPECT_EQ(simt::seeds_that_show(Schedule::fifo, 1, GetParam().is_right) != 0, GetParam().under_fifo);
  EXPECT_GE(simt::seeds_that_show(Schedule::mixed, 20, GetParam().is_right), GetParam().of_20_seeds);
}

INSTANTIATE_TEST_SUITE_P(, Races, testing::ValuesIn(kRaces),
                         [](const auto& race) { return race.param.name; });

// Without the mistake there is nothing to see.
TEST(RightKernels, AreRightUnderEverySchedule) {
  for (const Schedule schedule : {Schedule::fifo, Schedule::sticky, Schedule::uniform, Schedule::starve_lane,
                                  Schedule::starve_warp, Schedule::mixed}) {
    EXPECT_EQ(simt::seeds_that_show(schedule, 10, copies<bugs::Copying::right>), 0);
    EXPECT_EQ(simt::seeds_that_show(schedule, 10, sums_tiles<bugs::Loading::right>), 0);
    EXPECT_EQ(simt::seeds_that_show(schedule, 10, reads_blocks<true>), 0);
    EXPECT_EQ(simt::seeds_that_show(schedule, 10, counts_blocks<bugs::Meeting::right>), 0);
  }
}

}  // namespace
