// CUDA's device language for a plain C++ compiler: what <cuda_runtime.h> is under nvcc. A kernel that
// compiles here uses nothing that nvcc does not have under the same name.
#pragma once

#define __global__ __attribute__((unused))  // a static one that only some files launch
#define __device__
#define __host__
#define __forceinline__ inline
#define __launch_bounds__(...)
#define __grid_constant__

#include <cmath>
#include <cstdint>

#include "tests/simt/atomic.hpp"
#include "tests/simt/shared.hpp"
#include "tests/simt/shuffle.hpp"
#include "tests/simt/vector_types.hpp"

#define threadIdx (::simt::self().index)
#define blockIdx (::simt::self().block->index)
#define blockDim (::simt::self().block->cluster->launch->block)
#define gridDim (::simt::self().block->cluster->launch->grid)
#define warpSize 32

inline void __syncthreads(simt::Where where = simt::Where::current()) { simt::block_barrier(false, where); }
inline int __syncthreads_count(int predicate, simt::Where where = simt::Where::current()) {
  return simt::block_barrier(predicate != 0, where).yes;
}
inline int __syncthreads_and(int predicate, simt::Where where = simt::Where::current()) {
  const auto count = simt::block_barrier(predicate != 0, where);
  return static_cast<int>(count.yes == count.threads);
}
inline int __syncthreads_or(int predicate, simt::Where where = simt::Where::current()) {
  return static_cast<int>(simt::block_barrier(predicate != 0, where).yes != 0);
}
inline void __syncwarp(unsigned mask = ~0U, simt::Where where = simt::Where::current()) {
  simt::warp_barrier(mask, where);
}

/// Waiting for memory to change without it hangs: only here do others get a turn.
inline void __nanosleep(unsigned, simt::Where where = simt::Where::current()) { simt::spin(where); }
[[noreturn]] inline void __trap(simt::Where where = simt::Where::current()) {
  simt::fail("TRAP: " + simt::describe(simt::self(), simt::place_of(where)));
}

inline unsigned __float_as_uint(float x) { return __builtin_bit_cast(unsigned, x); }
inline float __uint_as_float(unsigned x) { return __builtin_bit_cast(float, x); }
inline int __float_as_int(float x) { return __builtin_bit_cast(int, x); }
inline float __int_as_float(int x) { return __builtin_bit_cast(float, x); }
inline int __popc(unsigned x) { return std::popcount(x); }
inline int __popcll(unsigned long long x) { return std::popcount(x); }
inline int __clz(int x) { return std::countl_zero(static_cast<unsigned>(x)); }
inline int __ffs(int x) { return __builtin_ffs(x); }
template <class T>
T __ldg(const T* p) {
  return *p;
}
