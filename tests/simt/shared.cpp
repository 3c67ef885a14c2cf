// Each block's shared memory: an arena where every object has poisoned ground around it and holds NaNs
// until it is written.
#include <sys/mman.h>

#include <algorithm>
#include <cstring>
#include <mutex>

#include "tests/simt/arena.hpp"
#include "tests/simt/runtime.hpp"

namespace simt {
namespace {

constexpr std::size_t kStaticArea = 512U << 10U;
constexpr std::size_t kDynamicArea = 256U << 10U;
constexpr std::size_t kArena = kStaticArea + kDynamicArea;
constexpr std::size_t kAlignment = 128;
constexpr std::size_t kRedZone = 128;
constexpr std::size_t kStaticLimit = 48U << 10U;  // nvcc's, however much there is

std::atomic<unsigned> declarations{0};

void give(std::byte* place, std::size_t bytes) {
  unpoison(place, bytes);
  std::memset(place, 0xFF, bytes);
}

void give(Block& block, const StaticObject& object) {
  if (block.placed[object.declaration] != nullptr) return;
  std::byte* const place = block.shared + object.offset;
  give(place, object.bytes);
  block.placed[object.declaration] = place;
}

// All NaN, and poisoned. Of the statics only those that the cluster has touched: the others still are.
void spoil(Block& block) {
  for (const StaticObject& object : block.cluster->statics) {
    if (block.placed[object.declaration] == nullptr) continue;
    std::memset(block.placed[object.declaration], 0xFF, object.bytes);
    block.placed[object.declaration] = nullptr;
  }
  if (const std::size_t bytes = block.cluster->launch->dynamic_bytes; bytes != 0) {
    unpoison(block.shared + kStaticArea, bytes);
    std::memset(block.shared + kStaticArea, 0xFF, bytes);
  }
  poison(block.shared, kArena);
}

// The beginning and the end of a block are writes to its shared memory, so that ThreadSanitizer sees another
// block that does not wait for the one or not prevent the other. Statics' places are known as far as any
// block has come; the first page stands for what is not.
void observe_life([[maybe_unused]] Block& block) {
#ifdef SIMT_TSAN
  Launch& launch = *block.cluster->launch;
  std::size_t known = 4096;
  {
    const Unobserved by_tsan;
    const std::lock_guard held(launch.lock);
    known = std::max(known, launch.static_end);
  }
  observe_write(block.shared, known);
  observe_write(block.shared + kStaticArea, launch.dynamic_bytes);
#endif
}

std::size_t offset_of(Launch& launch, unsigned declaration, std::size_t bytes, std::size_t alignment) {
  bool too_much = false;
  std::size_t offset = 0;
  {
    const std::lock_guard held(launch.lock);
    offset = launch.offsets[declaration];
    if (offset == 0) {
      const std::size_t unit = std::max(alignment, kAlignment);
      offset = (launch.static_end + kRedZone + unit - 1) / unit * unit;
      launch.static_end = offset + bytes;
      launch.static_bytes += bytes;
      launch.offsets[declaration] = offset;
      too_much = launch.static_bytes > kStaticLimit || launch.static_end > kStaticArea ||
                 launch.static_bytes + launch.dynamic_bytes > launch.options.shared_limit;
    }
  }
  if (too_much) {
    fail("SHARED MEMORY: " + std::to_string(launch.static_bytes) + " bytes of static and " +
         std::to_string(launch.dynamic_bytes) + " of dynamic shared memory exceed the limit");
  }
  return offset;
}

}  // namespace

unsigned new_declaration() { return declarations++; }
unsigned declaration_count() { return declarations; }

std::byte* map_arena() {
  void* const arena =
      mmap(nullptr, kArena, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (arena == MAP_FAILED) throw Error("no memory for a block's shared memory");
  return static_cast<std::byte*>(arena);
}

void unmap_arena(std::byte* arena) {
  unpoison(arena, kArena);
  munmap(arena, kArena);
}

void renew_arena(Block& block) {
  const Unobserved by_tsan;
#ifdef SIMT_TSAN
  // Mapping anew makes ThreadSanitizer forget who accessed what: the next block's memory is other memory.
  mmap(block.shared, kArena, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED,
       -1, 0);
#endif
  spoil(block);
}

void open_arena(Block& block) {
  observe_life(block);
  const Unobserved by_tsan;
  for (const StaticObject& object : block.cluster->statics) give(block, object);
  if (block.cluster->launch->dynamic_bytes != 0) {
    give(block.shared + kStaticArea, block.cluster->launch->dynamic_bytes);
  }
}

void close_arena(Block& block) {
  observe_life(block);
  const Unobserved by_tsan;
  spoil(block);
}

// An object exists in all running blocks of the cluster as soon as one of them names it: another block
// may have to find it where this one's address leads.
void* place_static(unsigned declaration, std::size_t bytes, std::size_t alignment) {
  const Unobserved by_tsan;
  Block& block = *self().block;
  Cluster& cluster = *block.cluster;
  const StaticObject object{declaration, offset_of(*cluster.launch, declaration, bytes, alignment), bytes};
  cluster.statics.push_back(object);
  for (Block* each : cluster.blocks) {
    if (each->started && each->live != 0) give(*each, object);
  }
  return block.placed[declaration];
}

unsigned char* dynamic_shared() {
  return reinterpret_cast<unsigned char*>(self().block->shared + kStaticArea);
}

bool in_shared(const void* p, std::size_t bytes) {
  for (const Block* block : self().block->cluster->blocks) {
    const auto offset = reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(block->shared);
    if (offset < kArena && offset + bytes <= kArena) return true;
  }
  return false;
}

void* map_shared(const void* p, unsigned rank, const Where& where) {
  const Thread& me = self();
  const Cluster& cluster = *me.block->cluster;
  const auto offset =
      reinterpret_cast<std::uintptr_t>(p) - reinterpret_cast<std::uintptr_t>(me.block->shared);
  if (offset >= kArena) {
    fail("CLUSTER: " + describe(me, place_of(where)) + " maps an address outside of its own shared memory");
  }
  if (cluster.launch->cooperative && rank == 0) return const_cast<void*>(p);
  if (rank >= cluster_size()) {
    fail("CLUSTER: " + describe(me, place_of(where)) + " maps to block " + std::to_string(rank) + " of " +
         std::to_string(cluster_size()));
  }
  return cluster.blocks[rank]->shared + offset;
}

}  // namespace simt
