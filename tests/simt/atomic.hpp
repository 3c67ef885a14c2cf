// Atomics and fences, with CUDA's overloads. They are relaxed; a fence is what publishes and collects.
#pragma once

#include "tests/simt/runtime.hpp"

namespace simt {

/// Around a relaxed atomic on p: what fences make of it, for ThreadSanitizer, and the others' turn.
void before_atomic(void* p, const Where& where);
void after_atomic(void* p, bool changed, const Where& where);
void fence();

template <class T, class F>
T read_modify_write(T* p, F f, const Where& where) {
  before_atomic(p, where);
  T seen = __atomic_load_n(p, __ATOMIC_RELAXED);
  T wanted = f(seen);
  while (!__atomic_compare_exchange_n(p, &seen, wanted, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
    wanted = f(seen);
  }
  after_atomic(p, wanted != seen, where);
  return seen;
}

/// Who reads again and again gives way to who writes.
template <class T>
T load_atomically(T* p, const Where& where) {
  give_way(where);
  const T seen = __atomic_load_n(p, __ATOMIC_RELAXED);
  after_atomic(p, false, where);
  return seen;
}

}  // namespace simt

#define SIMT_ATOMIC(T, NAME, RESULT)                                         \
  inline T NAME(T* p, T value, simt::Where where = simt::Where::current()) { \
    return simt::read_modify_write(                                          \
        p, [&](T seen) { return static_cast<T>(RESULT); }, where);           \
  }
#define SIMT_ATOMICS(T)                                                                      \
  SIMT_ATOMIC(T, atomicExch, (static_cast<void>(seen), value))                               \
  SIMT_ATOMIC(T, atomicMin, seen < value ? seen : value)                                     \
  SIMT_ATOMIC(T, atomicMax, seen > value ? seen : value)                                     \
  inline T atomicCAS(T* p, T compare, T value, simt::Where where = simt::Where::current()) { \
    return simt::read_modify_write(                                                          \
        p, [&](T seen) { return seen == compare ? value : seen; }, where);                   \
  }
SIMT_ATOMICS(int)
SIMT_ATOMICS(unsigned)
SIMT_ATOMICS(unsigned long long)
// Not for float: its sum would depend on the order of arrival. CUDA adds to no long long.
SIMT_ATOMIC(int, atomicAdd, static_cast<unsigned>(seen) + static_cast<unsigned>(value))
SIMT_ATOMIC(unsigned, atomicAdd, seen + value)
SIMT_ATOMIC(unsigned long long, atomicAdd, seen + value)
SIMT_ATOMIC(int, atomicOr, seen | value)
SIMT_ATOMIC(unsigned, atomicOr, seen | value)
SIMT_ATOMIC(long long, atomicMin, seen < value ? seen : value)
SIMT_ATOMIC(long long, atomicMax, seen > value ? seen : value)
#undef SIMT_ATOMIC
#undef SIMT_ATOMICS

inline void __threadfence() { simt::fence(); }
inline void __threadfence_block() { simt::fence(); }
inline void __threadfence_system() { simt::fence(); }
