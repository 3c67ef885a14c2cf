// The threads that share one row: an aligned group of lanes of a warp, a block, or the blocks of a cluster. A
// kernel written for a team serves every mapping of rows to threads.
#pragma once

#include "kernels/primitives/block.cuh"
#include "kernels/primitives/cluster.cuh"

namespace xent::gpu {

/// kThreads: 1, 2, 4, 8, 16 or 32 lanes, or a whole block of more. Blocks of a cluster make one team whose
/// parts hold neighbouring pieces of the row; lanes, and a block launched without a cluster, are one part.
template <int kThreads>
class Team {
 public:
  static constexpr bool kIsBlock = kThreads > static_cast<int>(kWarpSize);
  static constexpr int kSize = kThreads;  ///< threads of a part

  /// What a block's reductions need in shared memory; groups of lanes need none.
  struct Scratch {
    static constexpr int kWidest = 16;     // bytes of a reduced value
    static constexpr int kPartBytes = 64;  // of a value combined over parts
    alignas(16) unsigned char bytes[kIsBlock ? 32 * kWidest : 16];
    alignas(16) unsigned char part[kIsBlock ? 2 : 1][kIsBlock ? kPartBytes : 16];
  };

  __device__ __forceinline__ explicit Team(Scratch& scratch) : scratch_(scratch) {
    if constexpr (kIsBlock) {
      part_ = static_cast<int>(cluster_rank());
      parts_ = static_cast<int>(cluster_size());
    }
  }

  /// Teams of a block of so many threads.
  static constexpr __host__ __device__ int per_block(int block_threads) {
    return kIsBlock ? 1 : block_threads / kThreads;
  }
  __device__ __forceinline__ unsigned number_in_block() const {
    return kIsBlock ? 0 : thread_rank() / static_cast<unsigned>(kThreads);
  }
  /// The block, or the cluster whose blocks share a row, and how many the grid has.
  __device__ __forceinline__ unsigned group() const { return kIsBlock ? cluster_id() : blockIdx.x; }
  __device__ __forceinline__ unsigned groups() const { return kIsBlock ? cluster_count() : gridDim.x; }
  /// Within the part.
  __device__ __forceinline__ int rank() const {
    return static_cast<int>(kIsBlock ? thread_rank() : lane_id() & static_cast<unsigned>(kThreads - 1));
  }
  __device__ __forceinline__ int part() const { return kIsBlock ? part_ : 0; }
  __device__ __forceinline__ int parts() const { return kIsBlock ? parts_ : 1; }
  /// The one thread that writes what there is one of per row.
  __device__ __forceinline__ bool leads() const { return part() == 0 && rank() == 0; }

  /// The threads of a part wait for one another.
  __device__ __forceinline__ void sync(Where where = Where::current()) const {
    const CalledFrom caller(where);
    if constexpr (kIsBlock) {
      __syncthreads();
    } else {
      __syncwarp(group_mask<kThreads>());
    }
  }

  /// All threads of the team do; what they wrote before is seen by all after it.
  __device__ __forceinline__ void sync_parts(Where where = Where::current()) const {
    const CalledFrom caller(where);
    if (kIsBlock && parts_ > 1) {
      cluster_sync();
    } else {
      sync();
    }
  }

  /// All threads of a part get op over the part's values, in order of rank, by a fixed tree.
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

  /// All threads get op over the parts' values, in order of part. Every thread of a part brings the same
  /// value. What the parts wrote before is seen by all after it.
  template <class T, class Op>
  __device__ __forceinline__ T combine(T value, Op op, Where where = Where::current()) const {
    const CalledFrom caller(where);
    if constexpr (kIsBlock) {
      static_assert(sizeof(T) <= Scratch::kPartBytes);
      if (parts_ == 1) return value;
      // Two places take turns: who writes one has waited, at the other's barrier, for all its readers.
      T* const own = reinterpret_cast<T*>(scratch_.part[turn_]);
      turn_ ^= 1;
      if (rank() == 0) *own = value;
      cluster_sync();
      T all = *map_shared(own, 0);
      for (int part = 1; part < parts_; ++part) all = op(all, *map_shared(own, static_cast<unsigned>(part)));
      return all;
    } else {
      return value;
    }
  }

  /// After the last row: shared memory goes with its block, so no part leaves while another may read it.
  __device__ __forceinline__ void leave(Where where = Where::current()) const {
    const CalledFrom caller(where);
    if (kIsBlock && parts_ > 1) cluster_sync();
  }

 private:
  Scratch& scratch_;
  int part_ = 0;
  int parts_ = 1;
  mutable int turn_ = 0;
};

}  // namespace xent::gpu
