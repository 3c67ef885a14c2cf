#include "tests/support/memory.hpp"

#include <new>

namespace xent::testing {

constexpr std::align_val_t kAlignment{64};

std::byte* acquire_memory(std::size_t bytes) {
  return static_cast<std::byte*>(::operator new(bytes, kAlignment));
}
void release_memory(std::byte* memory, std::size_t) { ::operator delete(memory, kAlignment); }

}  // namespace xent::testing
