#include "tests/simt/scheduler.hpp"

#include "tests/simt/runtime.hpp"

namespace simt {

bool release_held(Cluster& cluster) {
  bool any = false;
  for (Block* block : cluster.blocks) {
    for (Warp& warp : block->warps) {
      if (warp.held == 0) continue;
      mark_ready(warp, warp.held);
      warp.held = 0;
      any = true;
    }
  }
  return any;
}

void block_until_woken(Thread& thread, bool away) {
  Thread* const next = next_thread(thread, away);
  if (next == nullptr) fail("DEADLOCK: no thread can run");
  if (next == &thread) return;
  running = next;
  switch_context(thread.context, next->context);
}

void thread_exits(Thread& thread) {
  Block& block = *thread.block;
  Cluster& cluster = *block.cluster;
  thread.wait = Wait::exited;
  thread.warp->live &= ~(1U << thread.lane);
  --block.live;
  --cluster.live;
  cluster.spins = 0;
  leave_warp_collectives(*thread.warp);
  leave_block_barrier(block);
  leave_cluster_barrier(thread);
}

void spin(const Where& where) {
  Thread& me = self();
  Cluster& cluster = *me.block->cluster;
  if (++cluster.spins > cluster.launch->options.spin_limit) {
    fail("LIVELOCK: " + describe(me, place_of(where)) + " and others spin and nothing changes");
  }
  if (cluster.spins % 64 == 0) release_held(cluster);  // what a starved thread would do may be waited for
  me.wait = Wait::spin;
  me.place = place_of(where);
  wake(*me.warp, 1U << me.lane);
  block_until_woken(me, true);
  me.wait = Wait::nothing;
}

void give_way(const Where& where) {
  Thread& me = self();
  Cluster& cluster = *me.block->cluster;
  const unsigned one_in = cluster.launch->options.yield_one_in;
  if (one_in == 0 || cluster.random.below(one_in) != 0) return;
  me.wait = Wait::spin;
  me.place = place_of(where);
  wake(*me.warp, 1U << me.lane);
  block_until_woken(me, true);
  me.wait = Wait::nothing;
}

void before_chunk(const void* p, const Where& where) {
  if (reinterpret_cast<std::uintptr_t>(p) % 16 != 0) {
    fail("MISALIGNED: " + describe(self(), place_of(where)) + " accesses 16 bytes that are not aligned");
  }
  give_way(where);
}

}  // namespace simt
