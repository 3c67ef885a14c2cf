// What is emulated: threads in warps, warps in blocks, blocks in a cluster. One OS thread runs one cluster
// (or lone block) at a time, so nothing here is shared between OS threads but the Launch. A cooperative
// grid, all of whose blocks are alive at once, is run as a cluster whose blocks know nothing of that.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <string>
#include <vector>

#include "tests/simt/async_state.hpp"
#include "tests/simt/context.hpp"
#include "tests/simt/options.hpp"
#include "tests/simt/proxy.hpp"
#include "tests/simt/random.hpp"
#include "tests/simt/spin_lock.hpp"
#include "tests/simt/vector_types.hpp"
#include "tests/simt/where.hpp"

namespace simt {

inline constexpr unsigned kWarpSize = 32;
inline constexpr unsigned kMaxThreads = 1024;
inline constexpr unsigned kMaxWarps = kMaxThreads / kWarpSize;
inline constexpr unsigned kMaxClusterSize = 16;
inline constexpr unsigned kMaxCooperativeBlocks = 32;  // one bit each in Cluster::ready_blocks

using Lanes = std::uint32_t;  // one bit each

struct Warp;
struct Block;
struct Cluster;
struct Launch;

enum class Wait : std::uint8_t {
  nothing,
  shuffle,
  vote,
  warp_barrier,
  block_barrier,
  cluster_barrier,
  grid_barrier,
  spin,
  exited
};

struct Thread {
  Context context;
  std::size_t stack_bytes = 0;
  uint3 index{};
  unsigned lane = 0;
  unsigned rank = 0;  // in its block
  Warp* warp = nullptr;
  Block* block = nullptr;

  const Where* kernel_line = nullptr;  // set while inside a primitive that was told its caller
  Wait wait = Wait::nothing;
  Lanes mask = 0;  // of the warp collective it waits in
  Place place;
  void* operand = nullptr;  // of that collective, on the thread's stack

  bool arrived_at_cluster = false;
  unsigned cluster_phase = 0;  // the one it arrived in
  void* cluster_sync = nullptr;
  ThreadAsync async;
  FenceState fences;
};

/// A warp collective that some lanes have reached and others have not.
struct Rendezvous {
  Lanes mask = 0;
  Lanes arrived = 0;
  Wait kind = Wait::nothing;
  const Thread* first = nullptr;
  void* sync = nullptr;
  void (*complete)(Warp&, Lanes) = nullptr;
};

struct Warp {
  Block* block = nullptr;
  unsigned index = 0;
  Lanes live = 0;
  Lanes ready = 0;
  Lanes starved = 0;  // lanes that run only when nothing else can …
  Lanes held = 0;     // … and now could
  unsigned pending = 0;
  std::array<Rendezvous, kWarpSize> rendezvous;
  std::array<Thread*, kWarpSize> lane{};
};

struct BlockBarrier {
  unsigned arrived = 0;
  std::array<Lanes, kMaxWarps> waiting{};
  const Thread* first = nullptr;
  void* sync = nullptr;
  unsigned phase = 0;
  std::array<int, 2> yes{};  // by phase: one is still being read while the next one is counted
  std::array<int, 2> threads{};
};

struct Block {
  uint3 index{};
  unsigned rank = 0;  // in its cluster
  unsigned threads = 0;
  unsigned live = 0;
  bool started = false;
  bool arrived_at_grid = false;
  unsigned grid_phase = 0;     // the one it arrived in
  void* open_sync = nullptr;   // its shared memory was made before any of its threads ran …
  void* close_sync = nullptr;  // … and is taken away after all have
  std::uint32_t ready_warps = 0;
  Cluster* cluster = nullptr;
  std::byte* shared = nullptr;  // the arena: statics, then the dynamic part
  std::vector<void*> placed;    // static objects, by the number of their declaration
  BlockBarrier barrier;
  ProxyWatch proxy;
  std::vector<Warp> warps;
  std::vector<Thread*> thread;  // by rank
};

/// Of a cooperative grid: it counts blocks, and those that have exited never come. What it orders is left to
/// the primitive's own atomics and fences.
struct GridBarrier {
  unsigned arrived = 0;
  unsigned phase = 0;
  const Thread* first = nullptr;
  Place first_place;
  std::vector<Thread*> waiting;
};

struct StaticObject {
  unsigned declaration;
  std::size_t offset;
  std::size_t bytes;
};

struct Cluster {
  Launch* launch = nullptr;
  std::vector<StaticObject> statics;  // touched by any of its blocks
  std::vector<Block*> blocks;
  std::uint32_t ready_blocks = 0;
  unsigned live = 0;
  unsigned arrived = 0;  // at the cluster's barrier, in this phase
  unsigned phase = 0;
  void* sync = nullptr;
  std::vector<Thread*> waiting;
  GridBarrier grid;

  Schedule schedule = Schedule::fifo;  // the one drawn: not mixed
  Random random;
  std::uint64_t spins = 0;  // times a thread gave way since anything came of it
  AsyncEngine async;
  Context scheduler;  // the OS thread's own stack
};

struct Launch {
  dim3 grid;
  dim3 block;
  dim3 cluster;
  bool cooperative = false;
  dim3 group;  // blocks that run together: the cluster, or all of a cooperative grid
  std::size_t dynamic_bytes = 0;
  void (*call)(void*) = nullptr;
  void* kernel = nullptr;
  Options options;

  // Static shared objects get their offset when first touched; it is the same in every block, which is
  // what lets an address be carried over to another block of the cluster.
  SpinLock lock;
  std::size_t static_bytes = 0;
  std::size_t static_end = 0;
  std::vector<std::size_t> offsets;  // by declaration; 0 is none yet

  void* start_sync = nullptr;
  void* end_sync = nullptr;
  std::atomic<bool> failed{false};
  std::string report;

  unsigned block_size() const { return block.x * block.y * block.z; }
  unsigned group_size() const { return group.x * group.y * group.z; }
};

inline constinit thread_local Thread* running = nullptr;
SIMT_UNOBSERVED inline Thread& self() { return *running; }

}  // namespace simt
