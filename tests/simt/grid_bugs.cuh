// Kernels with one mistake each in how the blocks of a cooperative grid meet.
#pragma once

#include "kernels/primitives/grid.cuh"
#include "kernels/primitives/launch.cuh"

namespace bugs {

using namespace xent::gpu;  // NOLINT

enum class Meeting : std::uint8_t {
  right,
  no_barrier,       ///< between writing and reading
  no_fence,         ///< blocks wait for the count, but what they wrote before it is not published
  one_skips,        ///< block 1 does not come to the second barrier
  one_leaves,       ///< block 1 has left before it
  different_lines,  ///< block 1 waits elsewhere
  arrives_twice,
  waits_at_once,  ///< without having arrived
};

/// out[b] = number of blocks, each of which provides 1 in x[b].
static __global__ void count_blocks(float* x, unsigned* arrivals, float* out, Meeting meeting) {
  GridBarrier barrier(arrivals);
  if (meeting == Meeting::waits_at_once) barrier.wait();
  barrier.sync();
  if (threadIdx.x == 0) x[blockIdx.x] = 1;
  const bool apart = blockIdx.x == 1;
  if (meeting == Meeting::one_leaves && apart) return;
  if (meeting == Meeting::no_fence) {
    __syncthreads();
    if (threadIdx.x == 1) {
      atomic_add(arrivals, 1U);
      while (atomic_load(arrivals) < 2 * gridDim.x) {
      }
    }
    __syncthreads();
  } else if (meeting == Meeting::different_lines && apart) {
    barrier.sync();
  } else if (meeting != Meeting::no_barrier && !(meeting == Meeting::one_skips && apart)) {
    barrier.arrive();
    if (meeting == Meeting::arrives_twice) barrier.arrive();
    barrier.wait();
  }
  if (threadIdx.x != 0) return;
  float sum = 0;
  for (unsigned b = 0; b < gridDim.x; ++b) sum += x[b];
  out[blockIdx.x] = sum;
}

}  // namespace bugs
