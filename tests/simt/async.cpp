#include "tests/simt/async.hpp"

#include <algorithm>
#include <cstring>

namespace simt {
namespace {

constexpr std::uint64_t kInitialised = 0x6D62617272696572U;  // in an mbarrier's word, with its address

std::uint64_t mark(const std::uint64_t* word) {
  return kInitialised ^ reinterpret_cast<std::uintptr_t>(word);
}

void require(bool good, const char* rule, const Where& where) {
  if (!good) fail(std::string("ASYNC: ") + rule + ": " + describe(self(), place_of(where)));
}

bool aligned(const void* p) { return reinterpret_cast<std::uintptr_t>(p) % 16 == 0; }

/// From here on the destination is nobody's to read.
void spoil(void* to, std::size_t bytes) {
  observe_write(to, bytes);
  const Unobserved by_tsan;
  std::memset(to, 0xFF, bytes);
  poison(to, bytes);
}

void land(const PendingCopy& copy) {
  unpoison(copy.to, std::size_t{copy.bytes} + copy.zeros);
  observe_read(copy.from, copy.bytes);
  observe_write(copy.to, std::size_t{copy.bytes} + copy.zeros);
  const Unobserved by_tsan;
  std::memcpy(copy.to, copy.from, copy.bytes);
  std::memset(static_cast<std::byte*>(copy.to) + copy.bytes, 0, copy.zeros);
}

void wait(CopyGroups& groups, unsigned keep) {
  const auto over = [&](const PendingCopy& copy) { return copy.group + keep < groups.committed; };
  for (const PendingCopy& copy : groups.pending) {
    if (over(copy)) land(copy);
  }
  std::erase_if(groups.pending, over);
}

Mbarrier& find(const std::uint64_t* word, const Where& where) {
  observe_read(word, sizeof *word);
  auto& barriers = self().block->cluster->async.barriers;
  const auto found =
      std::find_if(barriers.begin(), barriers.end(), [&](const Mbarrier& b) { return b.word == word; });
  require(found != barriers.end() && *word == mark(word),
          "an mbarrier is not initialised, or was overwritten", where);
  return *found;
}

void turn_if_complete(Mbarrier& barrier) {
  if (barrier.pending != 0 || barrier.bytes != 0) return;
  barrier.phase = !barrier.phase;
  barrier.pending = barrier.expected;
  barrier.last_sync = barrier.sync;
  barrier.sync = fresh_sync();
  self().block->cluster->spins = 0;
}

void land_one(AsyncEngine& engine, Random& random, const Where& where) {
  if (engine.loads.empty()) return;
  const std::size_t chosen = random.below(static_cast<std::uint32_t>(engine.loads.size()));
  const BulkLoad load = engine.loads[chosen];
  {
    const Unobserved by_tsan;
    engine.loads.erase(engine.loads.begin() + static_cast<std::ptrdiff_t>(chosen));
  }
  Mbarrier& barrier = find(load.barrier, where);
  {
    const AsAnotherThread engine_itself;
    acquire(load.sync);
    land(load.copy);
    settle(load.copy.to, load.copy.bytes);
    release(barrier.sync);
  }
  barrier.bytes -= load.copy.bytes;
  turn_if_complete(barrier);
}

}  // namespace

void copy_async(void* shared, const void* global, unsigned bytes, const Where& where) {
  require(aligned(shared) && aligned(global), "cp.async needs addresses that are multiples of 16", where);
  require(in_shared(shared, 16), "cp.async's destination is not in shared memory", where);
  require(bytes <= 16, "cp.async copies no more than 16 bytes", where);
  CopyGroups& groups = self().async.copies;
  spoil(shared, 16);
  const Unobserved by_tsan;
  groups.pending.push_back({shared, global, bytes, 16 - bytes, groups.committed});
}

void commit_copies() { ++self().async.copies.committed; }
void wait_copies(unsigned keep) { wait(self().async.copies, keep); }

void mbarrier_init(std::uint64_t* word, unsigned arrivals, const Where& where) {
  require(in_shared(word, sizeof *word), "an mbarrier is not in shared memory", where);
  require(arrivals > 0 && arrivals < 1U << 20U, "an mbarrier expects between 1 and 2^20 - 1 arrivals", where);
  observe_write(word, sizeof *word);
  *word = mark(word);
  const Unobserved by_tsan;
  auto& barriers = self().block->cluster->async.barriers;
  std::erase_if(barriers, [&](const Mbarrier& b) { return b.word == word; });
  barriers.push_back({word, arrivals, arrivals, 0, false, fresh_sync(), nullptr});
}

void mbarrier_arrive(std::uint64_t* word, std::uint32_t announced_bytes, const Where& where) {
  Mbarrier& barrier = find(word, where);
  require(barrier.pending > 0, "an mbarrier gets more arrivals than it expects", where);
  release(barrier.sync);
  barrier.bytes += announced_bytes;
  --barrier.pending;
  turn_if_complete(barrier);
}

bool mbarrier_try_wait(std::uint64_t* word, unsigned parity, const Where& where) {
  Cluster& cluster = *self().block->cluster;
  const auto over = [&](const Mbarrier& barrier) { return barrier.phase != ((parity & 1U) != 0); };
  if (!over(find(word, where))) {
    if (cluster.random.below(4) == 0) land_one(cluster.async, cluster.random, where);
    if (!over(find(word, where))) spin(where);
  }
  const Mbarrier& barrier = find(word, where);
  if (!over(barrier)) return false;
  if (barrier.last_sync != nullptr) acquire(barrier.last_sync);
  return true;
}

void bulk_load(void* shared, const void* global, std::uint32_t bytes, std::uint64_t* word,
               const Where& where) {
  require(bytes % 16 == 0 && aligned(shared) && aligned(global),
          "a bulk copy needs a size and addresses that are multiples of 16", where);
  require(in_shared(shared, bytes), "a bulk load's destination is not in shared memory", where);
  find(word, where);
  if (bytes == 0) return;
  require_fenced(shared, bytes, where);
  spoil(shared, bytes);
  settle(shared, bytes);
  void* const sync = fresh_sync();
  release(sync);
  const Unobserved by_tsan;
  self().block->cluster->async.loads.push_back({{shared, global, bytes, 0, 0}, word, sync});
}

void bulk_store(void* global, const void* shared, std::uint32_t bytes, const Where& where) {
  require(bytes % 16 == 0 && aligned(shared) && aligned(global),
          "a bulk copy needs a size and addresses that are multiples of 16", where);
  require(in_shared(shared, bytes), "a bulk store's source is not in shared memory", where);
  require_fenced(shared, bytes, where);
  observe_read(shared, bytes);
  CopyGroups& groups = self().async.stores;
  const Unobserved by_tsan;
  groups.pending.push_back({global, shared, bytes, 0, groups.committed});
}

void commit_stores() { ++self().async.stores.committed; }
void wait_stores(unsigned keep) { wait(self().async.stores, keep); }

void check_nothing_in_flight(const Thread& thread) {
  if (!thread.async.copies.pending.empty() || !thread.async.stores.pending.empty()) {
    fail("ASYNC: thread " + std::to_string(thread.rank) + " ends without waiting for its copies");
  }
  const Cluster& cluster = *thread.block->cluster;
  if (cluster.live == 1 && !cluster.async.loads.empty())
    fail("ASYNC: the last thread ends with bulk loads in flight");
}

}  // namespace simt
