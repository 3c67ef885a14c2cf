// All blocks that a device runs at once meet, and what they wrote before is seen after.
#include <vector>

#include <gtest/gtest.h>

#include "host/cuda/memory.hpp"
#include "tests/emulated/grid_rounds.hpp"

namespace xent::testing {
namespace {

constexpr unsigned kRounds = 101;

std::vector<std::uint32_t> first_board(unsigned blocks) {
  std::vector<std::uint32_t> words(std::size_t{blocks} * kGridThreads);
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = next_word(static_cast<std::uint32_t>(i), 7);
  return words;
}

/// The board of the last round.
std::vector<std::uint32_t> expected(unsigned blocks) {
  std::vector<std::uint32_t> now = first_board(blocks);
  std::vector<std::uint32_t> next = now;
  for (unsigned round = 0; round < kRounds; ++round) {
    for (unsigned block = 0; block < blocks; ++block) {
      const std::uint32_t* const given = &now[std::size_t{giver(block, round, blocks)} * kGridThreads];
      for (unsigned thread = 0; thread < kGridThreads; ++thread) {
        next[block * kGridThreads + thread] = next_word(given[giving_thread(thread)], block);
      }
    }
    now.swap(next);
  }
  return now;
}

void expect_every_round_is_seen(unsigned blocks, std::size_t shared_bytes) {
  SCOPED_TRACE(::testing::Message() << blocks << " blocks, " << shared_bytes << " bytes");
  const std::vector<std::uint32_t> first = first_board(blocks);
  cuda::DeviceArray<std::uint32_t> boards(2 * first.size());
  cuda::DeviceArray<std::uint32_t> arrivals(1);
  boards.upload(first, nullptr);
  cuda::fill_zero(arrivals.data(), arrivals.bytes(), nullptr);
  launch_grid_rounds(nullptr, blocks, shared_bytes,
                     {.boards = boards.data(), .arrivals = arrivals.data(), .rounds = kRounds});
  std::vector<std::uint32_t> found = boards.download(nullptr);
  found.erase(found.begin(), found.begin() + std::ssize(first));  // rounds are odd
  EXPECT_EQ(found, expected(blocks));
  EXPECT_EQ(arrivals.download(nullptr)[0], kRounds * blocks);
}

TEST(GridBarrier, EveryRoundIsSeenByAllBlocksThatTheDeviceRunsAtOnce) {
  const unsigned most = most_grid_blocks(0);
  for (const unsigned blocks : {1U, 2U, most / 2 + 1, most}) expect_every_round_is_seen(blocks, 0);
}

/// As the trainer's: a block to a multiprocessor, which has no room for two.
TEST(GridBarrier, BlocksThatFillTheirMultiprocessorMeet) {
  const plan::DeviceProperties& device = cuda::device_properties();
  const std::size_t bytes = device.shared_per_multiprocessor / 2 + 1024;
  ASSERT_LE(bytes, device.shared_per_block);
  const auto most = std::min(most_grid_blocks(bytes), static_cast<unsigned>(device.multiprocessors));
  ASSERT_EQ(most, static_cast<unsigned>(device.multiprocessors));
  expect_every_round_is_seen(most, bytes);
}

TEST(GridBarrier, MoreBlocksThanThatAreRefused) {
  const unsigned most = most_grid_blocks(0);
  cuda::DeviceArray<std::uint32_t> boards(2 * std::size_t{most + 1} * kGridThreads);
  cuda::DeviceArray<std::uint32_t> arrivals(1);
  EXPECT_ANY_THROW(launch_grid_rounds(nullptr, most + 1, 0,
                                      {.boards = boards.data(), .arrivals = arrivals.data(), .rounds = 1}));
}

}  // namespace
}  // namespace xent::testing
