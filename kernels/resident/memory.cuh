// A block's share of the network in its shared memory, from and to the arrays that it has between launches.
#pragma once

#include "kernels/primitives/shared.cuh"
#include "kernels/resident/arguments.hpp"

namespace xent::gpu {

class ResidentMemory {
 public:
  __device__ __forceinline__ ResidentMemory(const ResidentShape& shape, unsigned char* memory)
      : shape_(shape), floats_(reinterpret_cast<float*>(memory)) {}

  /// 0: values, 1 and 2: moments.
  __device__ __forceinline__ float* parameters(int copy = 0) const {
    const int first = copy * shape_.parameters();
    return floats_ + first;
  }
  __device__ __forceinline__ float* activations() const { return floats_ + shape_.activations(); }
  __device__ __forceinline__ float* hidden_deltas() const { return floats_ + shape_.hidden_deltas(); }
  __device__ __forceinline__ float* deltas() const { return floats_ + shape_.deltas(); }
  /// The pixels of a step's batch; steps take turns where there is room for two.
  __device__ __forceinline__ std::uint32_t* pixels(int step) const {
    float* const first = &floats_[shape_.pixels() + step % shape_.images * shape_.batch_words()];
    return reinterpret_cast<std::uint32_t*>(first);
  }

 private:
  const ResidentShape& shape_;
  float* floats_;
};

__device__ __forceinline__ int first_unit(const ResidentShape& shape) {
  return static_cast<int>(blockIdx.x) * shape.units;
}

/// body(place in a copy of the block's parameters, place in the network's arrays) for all that the network
/// has.
template <class Body>
__device__ __forceinline__ void for_own_parameters(const ResidentArguments& arguments, const Body& body) {
  const ResidentShape& shape = arguments.shape;
  const int first = first_unit(shape);
  const int units = shape.hidden - first < shape.units ? shape.hidden - first : shape.units;
  const int thread = static_cast<int>(threadIdx.x);
  for (int u = 0; u < units; ++u) {
    const std::int64_t row = arguments.weight1 + static_cast<std::int64_t>(first + u) * shape.features;
    for (int p = thread; p < shape.features; p += kResidentBlock) body(u * shape.unit_pitch() + p, row + p);
  }
  for (int i = thread; i < units * shape.classes; i += kResidentBlock) {
    const int u = i / shape.classes;
    const int c = i % shape.classes;
    body(shape.weight2() + i, arguments.weight2 + static_cast<std::int64_t>(c) * shape.hidden + first + u);
  }
  for (int u = thread; u < units; u += kResidentBlock) body(shape.bias1() + u, arguments.bias1 + first + u);
  // Every block has its own of the output's biases: all do the same sums on the same numbers.
  for (int c = thread; c < shape.classes; c += kResidentBlock) body(shape.bias2() + c, arguments.bias2 + c);
}

template <bool kAdaptive>
__device__ __forceinline__ void load_parameters(const ResidentArguments& arguments,
                                                const ResidentMemory& memory) {
  const int floats = arguments.shape.copies * arguments.shape.parameters();
  for (int i = static_cast<int>(threadIdx.x); i < floats; i += kResidentBlock) memory.parameters()[i] = 0.0F;
  __syncthreads();
  for_own_parameters(arguments, [&](int own, std::int64_t at) {
    memory.parameters(0)[own] = arguments.value[at];
    memory.parameters(1)[own] = arguments.moment1[at];
    if constexpr (kAdaptive) memory.parameters(2)[own] = arguments.moment2[at];
  });
}

template <bool kAdaptive>
__device__ __forceinline__ void store_parameters(const ResidentArguments& arguments,
                                                 const ResidentMemory& memory) {
  for_own_parameters(arguments, [&](int own, std::int64_t at) {
    if (own >= arguments.shape.bias2() && blockIdx.x != 0) return;
    arguments.value[at] = memory.parameters(0)[own];
    arguments.moment1[at] = memory.parameters(1)[own];
    if constexpr (kAdaptive) arguments.moment2[at] = memory.parameters(2)[own];
  });
}

}  // namespace xent::gpu
