// Who runs next. Everything that is runnable has its bit set here; a thread's bit is off while it runs.
#pragma once

#include <bit>

#include "tests/simt/machine.hpp"

namespace simt {

inline void mark_ready(Warp& warp, Lanes lanes) {
  Block& block = *warp.block;
  warp.ready |= lanes;
  block.ready_warps |= 1U << warp.index;
  block.cluster->ready_blocks |= 1U << block.rank;
}

/// Makes lanes runnable, except that starved ones are held back.
inline void wake(Warp& warp, Lanes lanes) {
  warp.held |= lanes & warp.starved;
  lanes &= ~warp.starved;
  if (lanes != 0) mark_ready(warp, lanes);
}

inline Thread* take(Warp& warp, unsigned lane) {
  Block& block = *warp.block;
  warp.ready &= ~(1U << lane);
  if (warp.ready == 0) block.ready_warps &= ~(1U << warp.index);
  if (block.ready_warps == 0) block.cluster->ready_blocks &= ~(1U << block.rank);
  return warp.lane[lane];
}

/// The first set bit at or after `start`, around the word.
inline unsigned first_from(std::uint32_t bits, unsigned start) {
  return (static_cast<unsigned>(std::countr_zero(std::rotr(bits, static_cast<int>(start & 31U)))) + start) &
         31U;
}

inline unsigned any_bit(std::uint32_t bits, Random& random) {
  if (!std::has_single_bit(bits)) {
    for (std::uint32_t skip = random.below(static_cast<std::uint32_t>(std::popcount(bits))); skip != 0;
         --skip) {
      bits &= bits - 1;
    }
  }
  return static_cast<unsigned>(std::countr_zero(bits));
}

/// Lets the held lanes go; false if there are none.
bool release_held(Cluster& cluster);

/// The next thread to run after `from`, or null if none can. With `away`, anybody's turn
/// comes, under fifo too: those who wait for one another by spinning must all get on.
inline Thread* next_thread(Thread& from, bool away = false) {
  Cluster& cluster = *from.block->cluster;
  if (cluster.ready_blocks == 0 && !release_held(cluster)) [[unlikely]] {
    return nullptr;
  }
  Warp& here = *from.warp;
  if (!away && cluster.schedule == Schedule::fifo) {
    if (here.ready != 0) return take(here, first_from(here.ready, from.lane + 1));
    Block& block = from.block->ready_warps != 0
                       ? *from.block
                       : *cluster.blocks[first_from(cluster.ready_blocks, from.block->rank)];
    Warp& warp = block.warps[first_from(block.ready_warps, here.index + 1)];
    return take(warp, first_from(warp.ready, 0));
  }
  if (!away && cluster.schedule != Schedule::uniform && here.ready != 0) {
    return take(here, any_bit(here.ready, cluster.random));
  }
  Block& block = *cluster.blocks[any_bit(cluster.ready_blocks, cluster.random)];
  Warp& warp = block.warps[any_bit(block.ready_warps, cluster.random)];
  return take(warp, any_bit(warp.ready, cluster.random));
}

/// Leaves the running thread, whose wait says why, for the next one; returns when it runs again.
void block_until_woken(Thread& thread, bool away = false);

/// The running thread reached the end of the kernel.
void thread_exits(Thread& thread);

// The collectives, when a thread they may have waited for is gone.
void leave_warp_collectives(Warp& warp);
void leave_block_barrier(Block& block);
void leave_cluster_barrier(Thread& thread);

}  // namespace simt
