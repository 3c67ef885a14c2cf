// Loads and stores of single elements and of aligned chunks of 16 bytes, with what the caches should do.
#pragma once

#include <cstring>

#include "kernels/primitives/portable.cuh"

namespace xent::gpu {

/// 16 bytes of elements, the widest that one thread moves at a time.
template <class T>
struct alignas(16) Chunk {
  static constexpr int kSize = 16 / static_cast<int>(sizeof(T));
  T element[kSize];
};

enum class Cache {
  normal,
  stream,     ///< touched once: the first to be evicted
  read_only,  ///< loads only: by the non-coherent path, past the first-level cache. Nobody may write the
              ///< memory while the kernel runs: not for logits that their own gradient may replace.
};

/// Whether a chunk may be loaded or stored there.
__device__ __forceinline__ bool is_chunk_aligned(const void* p) {
  return reinterpret_cast<std::uintptr_t>(p) % 16 == 0;
}

template <Cache kCache = Cache::normal, class T>
__device__ __forceinline__ Chunk<T> load_chunk(const T* from,
                                               [[maybe_unused]] Where where = Where::current()) {
  Chunk<T> chunk;
#ifdef __CUDACC__
  const auto* p = reinterpret_cast<const uint4*>(from);
  uint4 raw;
  if constexpr (kCache == Cache::normal) {
    raw = *p;
  } else if constexpr (kCache == Cache::stream) {
    raw = __ldcs(p);
  } else {
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];"
                 : "=r"(raw.x), "=r"(raw.y), "=r"(raw.z), "=r"(raw.w)
                 : "l"(p));
  }
  memcpy(&chunk, &raw, sizeof raw);
#else
  simt::before_chunk(from, where);
  for (int i = 0; i < Chunk<T>::kSize; ++i) chunk.element[i] = from[i];
#endif
  return chunk;
}

template <Cache kCache = Cache::normal, class T>
__device__ __forceinline__ void store_chunk(T* to, const Chunk<T>& chunk,
                                            [[maybe_unused]] Where where = Where::current()) {
  static_assert(kCache != Cache::read_only);
#ifdef __CUDACC__
  uint4 raw;
  memcpy(&raw, &chunk, sizeof raw);
  if constexpr (kCache == Cache::stream) {
    __stcs(reinterpret_cast<uint4*>(to), raw);
  } else {
    *reinterpret_cast<uint4*>(to) = raw;
  }
#else
  simt::before_chunk(to, where);
  for (int i = 0; i < Chunk<T>::kSize; ++i) to[i] = chunk.element[i];
#endif
}

#ifdef __CUDACC__
/// The number of the same size that CUDA's cached loads and stores know.
template <std::size_t kBytes>
struct RawOf;
template <>
struct RawOf<1> {
  using Type = unsigned char;
};
template <>
struct RawOf<2> {
  using Type = unsigned short;
};
template <>
struct RawOf<4> {
  using Type = unsigned;
};
template <>
struct RawOf<8> {
  using Type = unsigned long long;
};
template <class T>
using Raw = typename RawOf<sizeof(T)>::Type;
#endif

template <Cache kCache = Cache::normal, class T>
__device__ __forceinline__ T load(const T* from) {
#ifdef __CUDACC__
  T value;
  Raw<T> raw;
  if constexpr (kCache == Cache::normal) {
    return *from;
  } else if constexpr (kCache == Cache::stream) {
    raw = __ldcs(reinterpret_cast<const Raw<T>*>(from));
  } else {
    raw = __ldg(reinterpret_cast<const Raw<T>*>(from));
  }
  memcpy(&value, &raw, sizeof value);
  return value;
#else
  return *from;
#endif
}

template <Cache kCache = Cache::normal, class T>
__device__ __forceinline__ void store(T* to, T value) {
  static_assert(kCache != Cache::read_only);
#ifdef __CUDACC__
  if constexpr (kCache == Cache::stream) {
    Raw<T> raw;
    memcpy(&raw, &value, sizeof raw);
    __stcs(reinterpret_cast<Raw<T>*>(to), raw);
    return;
  }
#endif
  *to = value;
}

}  // namespace xent::gpu
