// Tiles filled by the bulk copy engine (sm_90; TileShape::bulk): one thread of a block asks for all whole
// chunks of its piece of a row at once, and waits for them before the barrier that ends the fill. It alone
// keeps the count, so a phase of the mbarrier is one fill that asked for anything, however many tiles it had.
#pragma once

#include "kernels/primitives/async.cuh"
#include "kernels/primitives/shared.cuh"
#include "kernels/shapes/tile_shape.hpp"

namespace xent::gpu {

template <class Team>
class BulkFill {
 public:
  /// Lanes of a warp have too little of a row, and older devices have no such engine.
  static constexpr bool kExists = Team::kIsBlock && XENT_HAS_SM90 != 0;

  static __device__ __forceinline__ bool chosen(const TileShape& shape) {
    if constexpr (kExists) {
      return shape.bulk;
    } else {
      return false;
    }
  }

  /// Once in a kernel, before its first tile.
  static __device__ __forceinline__ void begin(const Team& team, const TileShape& shape) {
    if constexpr (kExists) {
      if (!shape.bulk || team.rank() != 0) return;
      State& mine = state();
      init(mine.landed, 1);
      mine.bytes = 0;
      mine.parity = 0;
    }
  }

  /// By all threads, after what they wrote to a tile and before the barrier after which it is asked for anew:
  /// the engine would else not see their stores as older than its own.
  static __device__ __forceinline__ void release(const TileShape& shape) {
    if constexpr (kExists) {
      if (shape.bulk) fence_bulk();
    }
  }

  static __device__ __forceinline__ void ask(const Team& team, void* to, const void* from,
                                             std::uint32_t bytes) {
    if constexpr (kExists) {
      if (team.rank() != 0 || bytes == 0) return;
      State& mine = state();
      load_bulk(to, from, bytes, mine.landed);
      mine.bytes += bytes;
    }
  }

  /// What has been asked for is there, for all who pass a barrier after it.
  static __device__ __forceinline__ void await(const Team& team, const TileShape& shape) {
    if constexpr (kExists) {
      if (!shape.bulk || team.rank() != 0) return;
      State& mine = state();
      if (mine.bytes == 0) return;
      arrive(mine.landed, mine.bytes);
      wait(mine.landed, mine.parity);
      mine.bytes = 0;
      mine.parity ^= 1U;
    }
  }

 private:
  /// Of the block, kept by its first thread alone. In shared memory: rows leave no register for it.
  struct State {
    Mbarrier landed;
    std::uint32_t bytes;  ///< asked for and not waited for
    std::uint32_t parity;
  };
  static __device__ __forceinline__ State& state() {
    XENT_SHARED(all, State);
    return all;
  }
};

}  // namespace xent::gpu
