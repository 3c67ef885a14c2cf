// The threads that share one row: a block, or an aligned group of lanes of a warp. A kernel written for a
// team serves every mapping of rows to threads.
#pragma once

#include "kernels/primitives/block.cuh"

namespace xent::gpu {

/// kThreads: 1, 2, 4, 8, 16 or 32 lanes, or a whole block of more.
template <int kThreads>
class Team {
 public:
  static constexpr bool kIsBlock = kThreads > static_cast<int>(kWarpSize);
  static constexpr int kSize = kThreads;

  /// What a block's reductions need in shared memory; groups of lanes need none.
  struct Scratch {
    static constexpr int kWidest = 16;  // bytes of a reduced value
    alignas(16) unsigned char bytes[kIsBlock ? 32 * kWidest : 16];
  };

  __device__ __forceinline__ explicit Team(Scratch& scratch) : scratch_(scratch) {}

  /// Teams of a block of so many threads.
  static constexpr __host__ __device__ int per_block(int block_threads) {
    return kIsBlock ? 1 : block_threads / kThreads;
  }
  __device__ __forceinline__ unsigned number_in_block() const {
    return kIsBlock ? 0 : thread_rank() / static_cast<unsigned>(kThreads);
  }
  __device__ __forceinline__ int rank() const {
    return static_cast<int>(kIsBlock ? thread_rank() : lane_id() & static_cast<unsigned>(kThreads - 1));
  }

  __device__ __forceinline__ void sync(Where where = Where::current()) const {
    const CalledFrom caller(where);
    if constexpr (kIsBlock) {
      __syncthreads();
    } else {
      __syncwarp(group_mask<kThreads>());
    }
  }

  /// All threads get op over the team's values, in order of rank, by a fixed tree.
  template <class T, class Op>
  __device__ __forceinline__ T reduce(T value, Op op, T identity, Where where = Where::current()) const {
    const CalledFrom caller(where);
    if constexpr (kIsBlock) {
      static_assert(sizeof(T) <= Scratch::kWidest);
      return reduce_block(value, op, identity, *reinterpret_cast<BlockScratch<T>*>(scratch_.bytes));
    } else {
      return reduce_lanes<kThreads>(value, op, group_mask<kThreads>());
    }
  }

 private:
  Scratch& scratch_;
};

}  // namespace xent::gpu
