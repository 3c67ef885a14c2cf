// Barriers of a block, of a cluster and of a cooperative grid. The first two wait for the threads that have
// not exited, as the hardware does.
#include "tests/simt/runtime.hpp"
#include "tests/simt/scheduler.hpp"

namespace simt {
namespace {

void open(Block& block) {
  pass_barrier(block);
  BlockBarrier& barrier = block.barrier;
  for (Warp& warp : block.warps) {
    const Lanes waiting = barrier.waiting[warp.index];
    barrier.waiting[warp.index] = 0;
    if (waiting != 0) wake(warp, waiting);
  }
  barrier.arrived = 0;
  ++barrier.phase;
  block.cluster->spins = 0;
}

[[gnu::noinline]] void refuse(const Thread& me, const Thread& first) {
  fail("DIVERGENT BARRIER: " + describe(me, me.place) + " meets " + describe(first, first.place));
}

void wake_all(std::vector<Thread*>& waiting) {
  for (Thread* thread : waiting) wake(*thread->warp, 1U << thread->lane);
  waiting.clear();
}

/// Until somebody wakes them all.
void wait_among(std::vector<Thread*>& waiting, Wait reason) {
  Thread& me = self();
  me.wait = reason;
  {
    const Unobserved by_tsan;
    waiting.push_back(&me);
  }
  block_until_woken(me);
  me.wait = Wait::nothing;
}

void next_phase(Cluster& cluster) {
  for (Block* block : cluster.blocks) pass_barrier(*block);
  ++cluster.phase;
  cluster.arrived = 0;
  cluster.sync = nullptr;
  cluster.spins = 0;
  wake_all(cluster.waiting);
}

}  // namespace

BarrierCount block_barrier(bool predicate, const Where& where) {
  Thread& me = self();
  Block& block = *me.block;
  BlockBarrier& barrier = block.barrier;
  me.place = place_of(where);
  me.wait = Wait::block_barrier;
  if (barrier.arrived == 0) {
    barrier.first = &me;
    barrier.sync = fresh_sync();
    barrier.yes[barrier.phase % 2] = 0;
  } else if (!same_place(barrier.first->place, me.place)) {
    refuse(me, *barrier.first);
  }
  void* const sync = barrier.sync;
  const unsigned phase = barrier.phase % 2;
  release(sync);
  barrier.yes[phase] += predicate ? 1 : 0;
  ++barrier.arrived;
  barrier.threads[phase] = static_cast<int>(barrier.arrived);
  if (barrier.arrived == block.live) {
    open(block);
  } else {
    barrier.waiting[me.warp->index] |= 1U << me.lane;
    block_until_woken(me);
  }
  me.wait = Wait::nothing;
  acquire(sync);
  return {barrier.yes[phase], barrier.threads[phase]};
}

void leave_block_barrier(Block& block) {
  if (block.barrier.arrived != 0 && block.barrier.arrived == block.live) open(block);
}

void arrive_at_cluster(const Where& where) {
  Thread& me = self();
  Cluster& cluster = *me.block->cluster;
  me.place = place_of(where);
  if (cluster.launch->cooperative)
    fail("CLUSTER BARRIER: " + describe(me, me.place) +
         " is of a cooperative grid, which has no clusters here");
  if (me.arrived_at_cluster)
    fail("CLUSTER BARRIER: " + describe(me, me.place) + " arrives twice without waiting");
  if (cluster.arrived == 0) cluster.sync = fresh_sync();
  me.arrived_at_cluster = true;
  me.cluster_phase = cluster.phase;
  me.cluster_sync = cluster.sync;
  release(cluster.sync);
  if (++cluster.arrived == cluster.live) next_phase(cluster);
}

void wait_for_cluster(const Where& where) {
  Thread& me = self();
  Cluster& cluster = *me.block->cluster;
  me.place = place_of(where);
  if (!me.arrived_at_cluster)
    fail("CLUSTER BARRIER: " + describe(me, me.place) + " waits without having arrived");
  if (cluster.phase == me.cluster_phase) wait_among(cluster.waiting, Wait::cluster_barrier);
  me.arrived_at_cluster = false;
  acquire(me.cluster_sync);
}

void leave_cluster_barrier(Thread& thread) {
  Cluster& cluster = *thread.block->cluster;
  if (thread.arrived_at_cluster && thread.cluster_phase == cluster.phase) --cluster.arrived;
  if (cluster.arrived != 0 && cluster.arrived == cluster.live) next_phase(cluster);
}

unsigned cluster_rank() { return self().block->cluster->launch->cooperative ? 0 : self().block->rank; }
unsigned cluster_size() {
  const Cluster& cluster = *self().block->cluster;
  return cluster.launch->cooperative ? 1 : static_cast<unsigned>(cluster.blocks.size());
}

void arrive_at_grid(const Where& where) {
  Thread& me = self();
  Block& block = *me.block;
  Cluster& cluster = *block.cluster;
  GridBarrier& barrier = cluster.grid;
  me.place = place_of(where);
  if (!cluster.launch->cooperative)
    fail("GRID BARRIER: " + describe(me, me.place) + " in a launch that is not cooperative");
  if (block.arrived_at_grid)
    fail("GRID BARRIER: " + describe(me, me.place) + " arrives twice without waiting");
  if (barrier.arrived == 0) {
    barrier.first = &me;
    barrier.first_place = me.place;
  } else if (!same_place(barrier.first_place.kernel, me.place.kernel)) {
    fail("DIVERGENT GRID BARRIER: " + describe(me, me.place) + " meets " +
         describe(*barrier.first, barrier.first_place));
  }
  block.arrived_at_grid = true;
  block.grid_phase = barrier.phase;
  if (++barrier.arrived < cluster.blocks.size()) return;
  ++barrier.phase;
  barrier.arrived = 0;
  cluster.spins = 0;
  wake_all(barrier.waiting);
}

void wait_for_grid(const Where& where) {
  Thread& me = self();
  Block& block = *me.block;
  GridBarrier& barrier = block.cluster->grid;
  me.place = place_of(where);
  if (!block.arrived_at_grid)
    fail("GRID BARRIER: " + describe(me, me.place) + " waits without having arrived");
  if (barrier.phase == block.grid_phase) wait_among(barrier.waiting, Wait::grid_barrier);
  block.arrived_at_grid = false;
}

}  // namespace simt
