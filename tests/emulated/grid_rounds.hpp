// A kernel of the tests: blocks of a cooperative launch that hand numbers on, round after round.
#pragma once

#include <cstddef>
#include <cstdint>

#include "host/cuda/runtime.hpp"
#include "kernels/primitives/host_device.hpp"

namespace xent::testing {

inline constexpr unsigned kGridThreads = 64;  ///< of a block, each with a word on a board

struct GridRounds {
  std::uint32_t* boards = nullptr;    ///< two of blocks × kGridThreads; the first round reads the first one
  std::uint32_t* arrivals = nullptr;  ///< 0 before the launch
  int rounds = 0;                     ///< boards take turns
};

/// What a thread makes of the word that it reads.
XENT_HOST_DEVICE constexpr std::uint32_t next_word(std::uint32_t word, std::uint32_t block) {
  return word * 0x9E3779B1U + block;
}
/// Whose word it reads: another block's, and another thread's there.
XENT_HOST_DEVICE constexpr unsigned giver(unsigned block, unsigned round, unsigned blocks) {
  return (block + round + 1) % blocks;
}
XENT_HOST_DEVICE constexpr unsigned giving_thread(unsigned thread) { return (thread + 1) % kGridThreads; }

/// Blocks with so much dynamic shared memory that the device runs at once.
unsigned most_grid_blocks(std::size_t shared_bytes);
void launch_grid_rounds(cuda::Stream stream, unsigned blocks, std::size_t shared_bytes,
                        const GridRounds& rounds);

}  // namespace xent::testing
