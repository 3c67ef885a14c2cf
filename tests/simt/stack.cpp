#include "tests/simt/stack.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include "tests/simt/options.hpp"

namespace simt {
namespace {

constexpr std::size_t kGuard = 4096;
constexpr std::size_t kColours = 16384;

std::size_t displacement(std::size_t n) { return n * 576 % kColours; }

}  // namespace

std::size_t default_stack_bytes() {
#if defined(SIMT_ASAN) || defined(SIMT_TSAN)
  return 256U << 10U;
#else
  return 64U << 10U;
#endif
}

void map_stack(Context& context, std::size_t bytes, std::size_t n) {
  const std::size_t mapped = kGuard + bytes + kColours;
  void* const low =
      mmap(nullptr, mapped, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (low == MAP_FAILED) throw Error("no memory for a thread's stack");
  mprotect(low, kGuard, PROT_NONE);  // an overflow stops here; if it cannot be had, go without
  context.stack = static_cast<std::byte*>(low) + kGuard;
  context.stack_bytes = bytes + kColours - displacement(n);
}

void unmap_stack(Context& context, std::size_t bytes) {
  if (context.stack == nullptr) return;
  unpoison(context.stack, bytes + kColours);  // frames that were abandoned
  munmap(context.stack - kGuard, kGuard + bytes + kColours);
  context.stack = nullptr;
}

void describe_own_stack([[maybe_unused]] Context& context) {
#ifdef SIMT_ASAN
  static thread_local Context own;
  if (own.stack == nullptr) {  // once: for the main thread it reads through all of /proc/self/maps
    pthread_attr_t attributes;
    void* low = nullptr;
    if (pthread_getattr_np(pthread_self(), &attributes) != 0) throw Error("no bounds of the own stack");
    pthread_attr_getstack(&attributes, &low, &own.stack_bytes);
    pthread_attr_destroy(&attributes);
    own.stack = static_cast<std::byte*>(low);
  }
  context.stack = own.stack;
  context.stack_bytes = own.stack_bytes;
#endif
}

}  // namespace simt
