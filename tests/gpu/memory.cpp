// Test buffers for a GPU: pinned host memory, which kernels reach in place. Pinning is slow, so blocks are
// kept, by their exact size: compute-sanitizer knows where each ends.
#include "tests/support/memory.hpp"

#include <map>
#include <mutex>
#include <vector>

#include "host/cuda/runtime.hpp"

namespace xent::testing {
namespace {

std::mutex mutex;
std::map<std::size_t, std::vector<std::byte*>>& kept() {
  static auto* const blocks = new std::map<std::size_t, std::vector<std::byte*>>();  // outlives every buffer
  return *blocks;
}

}  // namespace

std::byte* acquire_memory(std::size_t bytes) {
  if (bytes == 0) bytes = 1;
  const std::lock_guard lock(mutex);
  auto& blocks = kept()[bytes];
  if (blocks.empty()) return static_cast<std::byte*>(cuda::allocate_pinned(bytes));
  std::byte* const block = blocks.back();
  blocks.pop_back();
  return block;
}

void release_memory(std::byte* memory, std::size_t bytes) {
  if (memory == nullptr) return;
  const std::lock_guard lock(mutex);
  kept()[bytes == 0 ? 1 : bytes].push_back(memory);
}

}  // namespace xent::testing
