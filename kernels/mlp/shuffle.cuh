// The order of an epoch: every sample with its random key, ready to be sorted by it.
#pragma once

#include "kernels/mlp/elements.cuh"

namespace xent::gpu {

template <int kBlock>
__global__ void __launch_bounds__(kBlock) shuffle_keys_kernel(mlp::RandomStream stream, std::int64_t count,
                                                              std::uint64_t* keys, std::uint32_t* samples) {
  for (std::int64_t sample = global_thread(); sample < count; sample += global_threads()) {
    keys[sample] = mlp::shuffle_key(stream, sample);
    samples[sample] = static_cast<std::uint32_t>(sample);
  }
}

}  // namespace xent::gpu
