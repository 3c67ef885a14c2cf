// Atomics on the fixed-width integers, which are not quite the types that CUDA overloads. They are relaxed:
// what one thread leaves for another is published by __threadfence() before the atomic, and collected by
// another after it. None for floating point: a sum would depend on the order of arrival.
#pragma once

#include <type_traits>

#include "kernels/primitives/portable.cuh"

namespace xent::gpu {

/// CUDA's own name for an integer of this size and sign.
template <class T>
using Native = std::conditional_t<sizeof(T) == 4, std::conditional_t<std::is_signed_v<T>, int, unsigned>,
                                  std::conditional_t<std::is_signed_v<T>, long long, unsigned long long>>;
template <class T>
using NativeUnsigned = std::make_unsigned_t<Native<T>>;

/// Past the first-level cache, which others' writes do not reach.
template <class T>
__device__ __forceinline__ T atomic_load(T* p, Where where = Where::current()) {
  const CalledFrom caller(where);
#ifdef __CUDACC__
  return *static_cast<volatile T*>(p);
#else
  return simt::load_atomically(p, where);
#endif
}

template <class T>
__device__ __forceinline__ T atomic_add(T* p, T value, Where where = Where::current()) {
  const CalledFrom caller(where);
  using U = NativeUnsigned<T>;
  return static_cast<T>(atomicAdd(reinterpret_cast<U*>(p), static_cast<U>(value)));
}

template <class T>
__device__ __forceinline__ T atomic_min(T* p, T value, Where where = Where::current()) {
  const CalledFrom caller(where);
  using N = Native<T>;
  return static_cast<T>(atomicMin(reinterpret_cast<N*>(p), static_cast<N>(value)));
}

template <class T>
__device__ __forceinline__ T atomic_max(T* p, T value, Where where = Where::current()) {
  const CalledFrom caller(where);
  using N = Native<T>;
  return static_cast<T>(atomicMax(reinterpret_cast<N*>(p), static_cast<N>(value)));
}

template <class T>
__device__ __forceinline__ T atomic_exchange(T* p, T value, Where where = Where::current()) {
  const CalledFrom caller(where);
  using U = NativeUnsigned<T>;
  return static_cast<T>(atomicExch(reinterpret_cast<U*>(p), static_cast<U>(value)));
}

/// Returns what was there; it was replaced if that is `expected`.
template <class T>
__device__ __forceinline__ T atomic_compare_exchange(T* p, T expected, T value,
                                                     Where where = Where::current()) {
  const CalledFrom caller(where);
  using U = NativeUnsigned<T>;
  return static_cast<T>(atomicCAS(reinterpret_cast<U*>(p), static_cast<U>(expected), static_cast<U>(value)));
}

}  // namespace xent::gpu
