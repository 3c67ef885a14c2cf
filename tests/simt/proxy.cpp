#include "tests/simt/proxy.hpp"

#include <algorithm>

#include "tests/simt/runtime.hpp"

// What a unit holds may be poisoned: another copy into it is under way.
#ifdef SIMT_ASAN
#define SIMT_UNCHECKED __attribute__((no_sanitize("address")))
#else
#define SIMT_UNCHECKED
#endif

namespace simt {
namespace {

constexpr std::byte kNeverStored{0xFF};  // what shared memory holds at first

SIMT_UNCHECKED bool take(const std::byte* at, ProxyUnit& unit) {
  bool changed = false;
  for (std::size_t i = 0; i < unit.seen.size(); ++i) {
    changed |= unit.seen[i] != at[i];
    unit.seen[i] = at[i];
  }
  return changed;
}

/// The block in whose shared memory they are: a bulk load may have another of the cluster for its target.
Block& owner_of(const void* shared) {
  const auto below = [&](const Block* a, const Block* b) {
    const auto distance = [&](const Block* block) {
      return reinterpret_cast<std::uintptr_t>(shared) - reinterpret_cast<std::uintptr_t>(block->shared);
    };
    return distance(a) < distance(b);
  };
  const auto& blocks = self().block->cluster->blocks;
  return **std::min_element(blocks.begin(), blocks.end(), below);
}

/// f(bytes, what is known of them), 16 at a time.
template <class F>
void for_each_unit(Block& block, const void* shared, std::size_t bytes, const F& f) {
  const auto* const first = static_cast<const std::byte*>(shared);
  for (const std::byte* at = first; at < first + bytes; at += sizeof ProxyUnit::seen) {
    const auto [unit, is_new] = block.proxy.units.try_emplace(at);
    if (is_new) {
      unit->second.seen.fill(kNeverStored);
      if (take(at, unit->second)) unit->second.stored = 1;  // perhaps long ago: any fence will do
    }
    f(at, unit->second);
  }
}

}  // namespace

void pass_barrier(Block& block) {
  const Unobserved by_tsan;
  for (auto& [at, unit] : block.proxy.units) {
    if (take(at, unit)) unit.stored = block.proxy.now;
  }
  ++block.proxy.now;
}

void fence_bulk() { self().async.fenced = self().block->proxy.now; }

void require_fenced(const void* shared, std::size_t bytes, const Where& where) {
  Block& block = owner_of(shared);
  std::uint32_t stored = 0;
  {
    const Unobserved by_tsan;
    for_each_unit(block, shared, bytes, [&](const std::byte* at, ProxyUnit& unit) {
      if (take(at, unit)) unit.stored = block.proxy.now;
      stored = std::max(stored, unit.stored);
    });
  }
  for (const Thread* thread : block.thread) {
    if (thread->wait == Wait::exited || thread->async.fenced >= stored) continue;
    fail("ASYNC: a bulk copy of shared memory that was stored to, and thread " +
         std::to_string(thread->rank) +
         " has not called fence_bulk since: " + describe(self(), place_of(where)));
  }
}

void settle(const void* shared, std::size_t bytes) {
  const Unobserved by_tsan;
  for_each_unit(owner_of(shared), shared, bytes, [](const std::byte* at, ProxyUnit& unit) {
    take(at, unit);
    unit.stored = 0;
  });
}

}  // namespace simt
