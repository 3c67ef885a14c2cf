// From the logits' gradient to the block's new parameters. Gradients are summed in registers and taken from
// there by the optimizer.
#pragma once

#include "kernels/mlp/optimizer.cuh"
#include "kernels/primitives/math.cuh"
#include "kernels/resident/memory.cuh"

namespace xent::gpu {

__device__ __forceinline__ void load_deltas(const ResidentArguments& arguments, const ResidentMemory& memory,
                                            int rows) {
  for (int i = static_cast<int>(threadIdx.x); i < rows * arguments.shape.classes; i += kResidentBlock) {
    memory.deltas()[i] = arguments.deltas[i];
  }
}

/// The gradient behind ReLU and dropout, as relu_backward_kernel has it.
__device__ __forceinline__ void hidden_backward(const ResidentArguments& arguments,
                                                const ResidentMemory& memory, int rows) {
  const ResidentShape& shape = arguments.shape;
  const float* const weight = memory.parameters() + shape.weight2();
  for (int i = static_cast<int>(threadIdx.x); i < rows * shape.units; i += kResidentBlock) {
    const int row = i / shape.units;
    const int u = i - row * shape.units;
    float sum = 0.0F;
    for (int c = 0; c < shape.classes; ++c) {
      sum += memory.deltas()[row * shape.classes + c] * weight[u * shape.classes + c];
    }
    memory.hidden_deltas()[i] = memory.activations()[i] <= 0.0F ? 0.0F : arguments.dropout.scale * sum;
  }
}

template <bool kAdaptive>
__device__ __forceinline__ void update_own(const ResidentMemory& memory, const UpdateScalars& rule, float g,
                                           int at) {
  float unused = 0.0F;
  float* moment2 = &unused;
  if constexpr (kAdaptive) moment2 = memory.parameters(2) + at;
  update<kAdaptive>(rule, g, memory.parameters(1)[at], *moment2, memory.parameters(0)[at]);
}

/// Four neighbours at once, their gradients yet to be scaled.
template <bool kAdaptive>
__device__ __forceinline__ void update_quad(const ResidentMemory& memory, const UpdateScalars& rule,
                                            const float (&g)[4], float scale, int at) {
  Chunk<float> w = load_chunk(memory.parameters(0) + at);
  Chunk<float> m = load_chunk(memory.parameters(1) + at);
  Chunk<float> v{};
  if constexpr (kAdaptive) v = load_chunk(memory.parameters(2) + at);
  XENT_UNROLL
  for (int i = 0; i < 4; ++i) {
    update<kAdaptive>(rule, g[i] * scale, m.element[i], v.element[i], w.element[i]);
  }
  store_chunk(memory.parameters(0) + at, w);
  store_chunk(memory.parameters(1) + at, m);
  if constexpr (kAdaptive) store_chunk(memory.parameters(2) + at, v);
}

/// The weights of a word's pixels, those of kResidentUnits units: a thread's work.
template <bool kAdaptive>
__device__ __forceinline__ void update_weights(const ResidentArguments& arguments,
                                               const ResidentMemory& memory, const UpdateScalars& rule,
                                               const std::uint32_t* pixels, int rows, int unit, int word) {
  const ResidentShape& shape = arguments.shape;
  const float* const delta = memory.hidden_deltas() + unit;
  float sum[kResidentUnits][4] = {};
  XENT_UNROLL_BY(4)
  for (int row = 0; row < rows; ++row) {
    const std::uint32_t bytes = pixels[row * shape.words() + word];
    const float x[4] = {byte_of<0>(bytes), byte_of<1>(bytes), byte_of<2>(bytes), byte_of<3>(bytes)};
    const int first = row * shape.units;
    const Chunk<float> d = load_chunk(delta + first);
    XENT_UNROLL
    for (int u = 0; u < kResidentUnits; ++u) {
      XENT_UNROLL
      for (int i = 0; i < 4; ++i) sum[u][i] += d.element[u] * x[i];
    }
  }
  XENT_UNROLL
  for (int u = 0; u < kResidentUnits; ++u) {
    update_quad<kAdaptive>(memory, rule, sum[u], arguments.pixel_scale,
                           (unit + u) * shape.unit_pitch() + 4 * word);
  }
}

/// The gradient of the i-th of the output's weights, the hidden biases and the output's biases.
__device__ __forceinline__ float small_gradient(const ResidentShape& shape, const ResidentMemory& memory,
                                                int rows, int i) {
  const int biases1 = shape.units * shape.classes;
  const int biases2 = biases1 + shape.units;
  const float* const deltas = memory.deltas();
  float sum = 0.0F;
  if (i < biases1) {
    const int u = i / shape.classes;
    const int c = i - u * shape.classes;
    for (int row = 0; row < rows; ++row) {
      sum += deltas[row * shape.classes + c] * memory.activations()[row * shape.units + u];
    }
  } else if (i < biases2) {
    for (int row = 0; row < rows; ++row) sum += memory.hidden_deltas()[row * shape.units + i - biases1];
  } else {
    for (int row = 0; row < rows; ++row) sum += deltas[row * shape.classes + i - biases2];
  }
  return sum;
}

template <bool kAdaptive>
__device__ __forceinline__ void update_parameters(const ResidentArguments& arguments,
                                                  const ResidentMemory& memory, const UpdateScalars& rule,
                                                  int number, int rows) {
  const ResidentShape& shape = arguments.shape;
  const auto thread = static_cast<int>(threadIdx.x);
  const int words = shape.words();
  for (int i = thread; i < shape.units / kResidentUnits * words; i += kResidentBlock) {
    const int group = i / words;
    update_weights<kAdaptive>(arguments, memory, rule, memory.pixels(number), rows, group * kResidentUnits,
                              i - group * words);
  }
  // By the last threads first, which have least to do above.
  for (int i = kResidentBlock - 1 - thread; i < shape.bias2() + shape.classes - shape.weight2();
       i += kResidentBlock) {
    update_own<kAdaptive>(memory, rule, small_gradient(shape, memory, rows, i), shape.weight2() + i);
  }
}

}  // namespace xent::gpu
