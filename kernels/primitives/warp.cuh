// What the lanes of a warp, or of an aligned group of 2, 4, 8, 16 or 32 of them, do together. Every live
// lane that the mask names has to make the same call; a shuffle from any other lane is undefined.
#pragma once

#include <cstring>
#include <type_traits>

#include "kernels/primitives/portable.cuh"

namespace xent::gpu {

inline constexpr unsigned kWarpSize = 32;
inline constexpr unsigned kAllLanes = 0xFFFFFFFFU;

__device__ __forceinline__ unsigned lane_id() {
#ifdef __CUDACC__
  unsigned lane;
  asm("mov.u32 %0, %%laneid;" : "=r"(lane));
  return lane;
#else
  return simt::self().lane;
#endif
}

/// The lanes of the caller's group, for groups that do not all come to a call.
template <int kGroup>
__device__ __forceinline__ unsigned group_mask() {
  static_assert(kGroup >= 1 && kGroup <= 32 && (kGroup & (kGroup - 1)) == 0);
  if constexpr (kGroup == 32) return kAllLanes;
  return ((1U << (kGroup & 31)) - 1) << (lane_id() & ~static_cast<unsigned>(kGroup - 1));
}

/// Any plain value, 32 bits at a time.
template <class T, class Exchange>
__device__ __forceinline__ T by_words(T value, Exchange exchange) {
  static_assert(std::is_trivially_copyable_v<T>);
  unsigned word[(sizeof(T) + 3) / 4] = {};
  memcpy(word, &value, sizeof(T));
  XENT_UNROLL
  for (unsigned& each : word) each = exchange(each);
  memcpy(&value, word, sizeof(T));
  return value;
}

/// The value of lane `source` of the caller's group of `width`.
template <class T>
__device__ __forceinline__ T shuffle(T value, unsigned source, unsigned width = 32, unsigned mask = kAllLanes,
                                     Where where = Where::current()) {
  const CalledFrom caller(where);
  return by_words(value, [=](unsigned word) {
    return __shfl_sync(mask, word, static_cast<int>(source), static_cast<int>(width));
  });
}

/// The value of the lane whose number differs in the bits of `lanes`.
template <class T>
__device__ __forceinline__ T shuffle_xor(T value, unsigned lanes, unsigned mask = kAllLanes,
                                         Where where = Where::current()) {
  const CalledFrom caller(where);
  return by_words(value, [=](unsigned word) { return __shfl_xor_sync(mask, word, static_cast<int>(lanes)); });
}

/// The value of the lane `distance` below; the group's first lanes get their own.
template <class T>
__device__ __forceinline__ T shuffle_up(T value, unsigned distance, unsigned width = 32,
                                        unsigned mask = kAllLanes, Where where = Where::current()) {
  const CalledFrom caller(where);
  return by_words(
      value, [=](unsigned word) { return __shfl_up_sync(mask, word, distance, static_cast<int>(width)); });
}

/// The value of the lane `distance` above; the group's last lanes get their own.
template <class T>
__device__ __forceinline__ T shuffle_down(T value, unsigned distance, unsigned width = 32,
                                          unsigned mask = kAllLanes, Where where = Where::current()) {
  const CalledFrom caller(where);
  return by_words(
      value, [=](unsigned word) { return __shfl_down_sync(mask, word, distance, static_cast<int>(width)); });
}

/// All lanes of a group get op over the group's values. The tree is fixed and op's left operand always
/// comes from lower lanes: the bits are the same in every lane and every run, op need not commute.
template <int kGroup = 32, class T, class Op>
__device__ __forceinline__ T reduce_lanes(T value, Op op, unsigned mask = kAllLanes,
                                          Where where = Where::current()) {
  static_assert(kGroup >= 1 && kGroup <= 32 && (kGroup & (kGroup - 1)) == 0);
  const CalledFrom caller(where);
  XENT_UNROLL
  for (unsigned distance = 1; distance < kGroup; distance *= 2) {
    const T other = shuffle_xor(value, distance, mask);
    value = (lane_id() & distance) != 0 ? op(other, value) : op(value, other);
  }
  return value;
}

/// op over the values of the group's lanes below the caller's; the first lane gets the identity.
template <int kGroup = 32, class T, class Op>
__device__ __forceinline__ T scan_lanes(T value, Op op, T identity, unsigned mask = kAllLanes,
                                        Where where = Where::current()) {
  static_assert(kGroup >= 1 && kGroup <= 32 && (kGroup & (kGroup - 1)) == 0);
  const CalledFrom caller(where);
  const unsigned lane = lane_id() & (kGroup - 1);
  XENT_UNROLL
  for (unsigned distance = 1; distance < kGroup; distance *= 2) {
    const T lower = shuffle_up(value, distance, kGroup, mask);
    if (lane >= distance) value = op(lower, value);
  }
  const T before = shuffle_up(value, 1, kGroup, mask);
  return lane == 0 ? identity : before;
}

}  // namespace xent::gpu
