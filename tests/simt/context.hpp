// A stack and the place where it was left. How to switch is chosen by the build: a dozen instructions
// (x86-64) or Boost.Context (elsewhere, or on request).
#pragma once

#include <cstddef>

#include "tests/simt/sanitizers.hpp"

namespace simt {

struct Context {
  using Entry = void (*)(void* argument);

  void* resume = nullptr;  // where to go on, in the switcher's own terms
  Entry entry = nullptr;
  void* argument = nullptr;
  std::byte* stack = nullptr;  // its lowest byte
  std::size_t stack_bytes = 0;
  void* fake_stack = nullptr;  // AddressSanitizer's
  void* fiber = nullptr;       // ThreadSanitizer's
};

/// Makes the next switch to the context call entry(argument) on its stack; entry never returns.
void prepare(Context& context);

/// Leaves `from`, which goes on here when something switches to it.
void switch_stacks(Context& from, Context& to);

inline void switch_context(Context& from, Context& to) {
#ifdef SIMT_ASAN
  __sanitizer_start_switch_fiber(&from.fake_stack, to.stack, to.stack_bytes);
#endif
#ifdef SIMT_TSAN
  __tsan_switch_to_fiber(to.fiber, __tsan_switch_to_fiber_no_sync);
#endif
  switch_stacks(from, to);
#ifdef SIMT_ASAN
  __sanitizer_finish_switch_fiber(from.fake_stack, nullptr, nullptr);
#endif
}

/// The first thing that a new context does.
inline void entered() {
#ifdef SIMT_ASAN
  __sanitizer_finish_switch_fiber(nullptr, nullptr, nullptr);
#endif
}

}  // namespace simt
