#include "kernels/instances/mlp.hpp"
#include "kernels/mlp/shuffle.cuh"
#include "kernels/primitives/sort.cuh"

namespace xent::gpu {

std::size_t shuffle_scratch_bytes(std::int64_t count) {
  return sort_scratch_bytes<std::uint64_t, std::uint32_t>(count);
}

void launch_shuffle(const LaunchShape& shape, const mlp::RandomStream& stream, std::int64_t count,
                    const ShuffleMemory& memory, std::uint32_t* order) {
  const auto native = static_cast<Stream>(shape.stream);
  launch({.grid = shape.grid, .block = kMlpBlock, .stream = native}, shuffle_keys_kernel<kMlpBlock>, stream,
         count, memory.keys, memory.samples);
  sort<std::uint64_t, std::uint32_t>({.keys = memory.keys,
                                      .values = memory.samples,
                                      .sorted_keys = memory.keys + count,
                                      .sorted_values = order,
                                      .count = count},
                                     memory.scratch, memory.scratch_bytes, native);
}

}  // namespace xent::gpu
