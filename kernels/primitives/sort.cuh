// Sorting pairs by their keys, host side: CUB's radix sort, in the emulation the standard library's.
// Ascending and stable, so the order is the same in both worlds.
#pragma once

#include "kernels/primitives/launch.cuh"

#ifdef __CUDACC__
#include <cub/device/device_radix_sort.cuh>
#else
#include <algorithm>
#include <numeric>
#include <vector>
#endif

namespace xent::gpu {

/// So many pairs, which move from one pair of arrays to another; no two of the four overlap.
template <class Key, class Value>
struct SortPairs {
  const Key* keys = nullptr;
  const Value* values = nullptr;
  Key* sorted_keys = nullptr;
  Value* sorted_values = nullptr;
  std::int64_t count = 0;
};

/// Device memory that sort() needs for so many pairs on the current device.
template <class Key, class Value>
std::size_t sort_scratch_bytes([[maybe_unused]] std::int64_t count);

/// Queues the sort. Throws LaunchError.
template <class Key, class Value>
void sort(const SortPairs<Key, Value>& pairs, void* scratch, std::size_t scratch_bytes, Stream stream);

#ifdef __CUDACC__

namespace detail {
/// With null scratch CUB only says how much it needs.
template <class Key, class Value>
void sort_by_cub(const SortPairs<Key, Value>& pairs, void* scratch, std::size_t& bytes, Stream stream) {
  const cudaError_t code =
      cub::DeviceRadixSort::SortPairs(scratch, bytes, pairs.keys, pairs.sorted_keys, pairs.values,
                                      pairs.sorted_values, pairs.count, 0, 8 * sizeof(Key), stream);
  if (code != cudaSuccess) {
    throw LaunchError(std::string("radix sort: ") + cudaGetErrorString(code), static_cast<int>(code));
  }
}
}  // namespace detail

template <class Key, class Value>
std::size_t sort_scratch_bytes(std::int64_t count) {
  std::size_t bytes = 0;
  detail::sort_by_cub(SortPairs<Key, Value>{.count = count}, nullptr, bytes, nullptr);
  return bytes;
}

template <class Key, class Value>
void sort(const SortPairs<Key, Value>& pairs, void* scratch, std::size_t scratch_bytes, Stream stream) {
  detail::sort_by_cub(pairs, scratch, scratch_bytes, stream);
}

#else

template <class Key, class Value>
std::size_t sort_scratch_bytes(std::int64_t) {
  return 1;
}

template <class Key, class Value>
void sort(const SortPairs<Key, Value>& pairs, void*, std::size_t, Stream) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(pairs.count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(),
                   [&](std::int64_t a, std::int64_t b) { return pairs.keys[a] < pairs.keys[b]; });
  for (std::size_t i = 0; i < order.size(); ++i) {
    pairs.sorted_keys[i] = pairs.keys[order[i]];
    pairs.sorted_values[i] = pairs.values[order[i]];
  }
}

#endif

}  // namespace xent::gpu
