#include "bench/gpu/idle.hpp"

#include "kernels/primitives/atomic.cuh"
#include "kernels/primitives/launch.cuh"

namespace xent::bench {
namespace {

constexpr int kBlock = 256;

__global__ void nothing_kernel() {}

// A block that is not running yet keeps all others waiting for ever: see costs.hpp.
__global__ void __launch_bounds__(kBlock) meetings_kernel(unsigned* arrived, unsigned rounds) {
  for (unsigned round = 1; round <= rounds; ++round) {
    __syncthreads();
    if (threadIdx.x == 0) {
      __threadfence();
      gpu::atomic_add(arrived, 1U);
      while (gpu::atomic_add(arrived, 0U) < round * gridDim.x) {
      }
      __threadfence();
    }
    __syncthreads();
  }
}

}  // namespace

void launch_nothing(void* stream) {
  gpu::launch({.grid = 1, .block = 32, .stream = static_cast<gpu::Stream>(stream)}, nothing_kernel);
}

void launch_meetings(unsigned* arrived, unsigned rounds, unsigned blocks, void* stream) {
  gpu::launch({.grid = blocks, .block = kBlock, .stream = static_cast<gpu::Stream>(stream)}, meetings_kernel,
              arrived, rounds);
}

}  // namespace xent::bench
