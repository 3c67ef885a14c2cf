// Copies that were asked for and whose bytes have not landed, and what fences have still to order.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace simt {

struct PendingCopy {
  void* to;
  const void* from;
  std::uint32_t bytes;
  std::uint32_t zeros;  // after them
  std::uint32_t group;
};

/// Copies of a thread are complete when it has waited for their group.
struct CopyGroups {
  std::vector<PendingCopy> pending;
  std::uint32_t committed = 0;
};

struct ThreadAsync {
  CopyGroups copies;         // cp.async
  CopyGroups stores;         // bulk, from shared to global
  std::uint32_t fenced = 0;  // by ProxyWatch::now, the last time; 0: never
};

/// The state of an mbarrier; its word in shared memory only says that it was initialised.
struct Mbarrier {
  const std::uint64_t* word;
  std::uint32_t expected;
  std::uint32_t pending;
  std::int64_t bytes;  // announced and not landed
  bool phase;
  void* sync;       // of the phase that runs
  void* last_sync;  // of the one before
};

struct BulkLoad {
  PendingCopy copy;
  const std::uint64_t* barrier;
  void* sync;  // orders the load after what its thread did before
};

struct AsyncEngine {
  std::vector<Mbarrier> barriers;
  std::vector<BulkLoad> loads;
};

/// A relaxed atomic orders nothing until a fence stands before it (what it publishes) or after it (what it
/// has seen).
struct FenceState {
  bool publish = false;
  std::array<void*, 4> seen{};
  unsigned next = 0;
};

}  // namespace simt
