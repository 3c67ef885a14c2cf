#include "tests/emulated/grid_rounds.hpp"

#include "kernels/primitives/grid.cuh"
#include "kernels/primitives/launch.cuh"

namespace xent::testing {
namespace {

/// Both ways to meet take turns.
__global__ void grid_rounds_kernel(GridRounds rounds) {
  gpu::GridBarrier barrier(rounds.arrivals);
  const unsigned words = gridDim.x * kGridThreads;
  for (int round = 0; round < rounds.rounds; ++round) {
    const unsigned from = giver(blockIdx.x, static_cast<unsigned>(round), gridDim.x);
    const std::uint32_t* const now = rounds.boards + static_cast<unsigned>(round % 2) * words;
    std::uint32_t* const next = rounds.boards + static_cast<unsigned>((round + 1) % 2) * words;
    const std::uint32_t word = now[from * kGridThreads + giving_thread(threadIdx.x)];
    next[blockIdx.x * kGridThreads + threadIdx.x] = next_word(word, blockIdx.x);
    if (round % 2 == 0) {
      barrier.sync();
    } else {
      barrier.arrive();
      barrier.wait();
    }
  }
}

}  // namespace

unsigned most_grid_blocks(std::size_t shared_bytes) {
  return gpu::most_blocks_at_once(grid_rounds_kernel, kGridThreads, shared_bytes);
}

void launch_grid_rounds(cuda::Stream stream, unsigned blocks, std::size_t shared_bytes,
                        const GridRounds& rounds) {
  gpu::launch({.grid = blocks,
               .block = kGridThreads,
               .shared_bytes = shared_bytes,
               .stream = static_cast<gpu::Stream>(stream),
               .cooperative = true},
              grid_rounds_kernel, rounds);
}

}  // namespace xent::testing
