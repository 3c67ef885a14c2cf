// What all blocks of a cooperative launch do together. The barrier is a count in global memory that only ever
// grows: the n-th one is over when it has reached n times the number of blocks. So nobody has to reset it
// while others still look.
#pragma once

#include "kernels/primitives/atomic.cuh"
#include "kernels/primitives/block.cuh"

namespace xent::gpu {

/// One per thread; all threads of all blocks call the same barriers in the same order. Between arriving and
/// waiting there is time for work that no other block looks at.
class GridBarrier {
 public:
  /// arrivals: 0 before the launch.
  __device__ __forceinline__ explicit GridBarrier(std::uint32_t* arrivals) : arrivals_(arrivals) {}

  /// What the block's threads wrote before is published.
  __device__ __forceinline__ void arrive(Where where = Where::current()) {
    const CalledFrom caller(where);
    awaited_ += gridDim.x;
    __syncthreads();
    if (thread_rank() != 0) return;
#ifndef __CUDACC__
    simt::arrive_at_grid(where);
#endif
    __threadfence();  // of all that the block did: the barrier before has brought it to this thread
    atomic_add(arrivals_, 1U);
  }

  /// What all blocks published is seen.
  __device__ __forceinline__ void wait(Where where = Where::current()) {
    const CalledFrom caller(where);
    if (thread_rank() == 0) {
#ifndef __CUDACC__
      simt::wait_for_grid(where);
#endif
      // A difference, so that the count may wrap.
      while (static_cast<std::int32_t>(atomic_load(arrivals_) - awaited_) < 0) {
      }
      __threadfence();  // nothing below is read before
    }
    __syncthreads();
  }

  __device__ __forceinline__ void sync(Where where = Where::current()) {
    const CalledFrom caller(where);
    arrive(where);
    wait(where);
  }

 private:
  std::uint32_t* arrivals_;
  std::uint32_t awaited_ = 0;
};

}  // namespace xent::gpu
