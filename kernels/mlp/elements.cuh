// Arrays of floats by fours: what a thread moves at once, and as many as a block of random words decides
// about.
#pragma once

#include "kernels/mlp/arguments.hpp"
#include "kernels/mlp/random.hpp"
#include "kernels/primitives/memory.cuh"

namespace xent::gpu {

inline constexpr int kQuad = Chunk<float>::kSize;

__device__ __forceinline__ std::int64_t global_thread() {
  return static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
}
__device__ __forceinline__ std::int64_t global_threads() {
  return static_cast<std::int64_t>(gridDim.x) * blockDim.x;
}

/// Calls body(quad) for every four elements that begin below size, spread over the grid's threads.
template <class Body>
__device__ __forceinline__ void for_each_quad(std::int64_t size, const Body& body) {
  for (std::int64_t quad = global_thread(); quad * kQuad < size; quad += global_threads()) body(quad);
}

/// What lies beyond size is 0.
__device__ __forceinline__ Chunk<float> load_quad(const float* x, std::int64_t quad, std::int64_t size) {
  if ((quad + 1) * kQuad <= size) return load_chunk(x + quad * kQuad);
  Chunk<float> chunk;
  XENT_UNROLL
  for (int i = 0; i < kQuad; ++i) chunk.element[i] = quad * kQuad + i < size ? x[quad * kQuad + i] : 0.0F;
  return chunk;
}

__device__ __forceinline__ void store_quad(float* x, std::int64_t quad, std::int64_t size,
                                           const Chunk<float>& chunk) {
  if ((quad + 1) * kQuad <= size) return store_chunk(x + quad * kQuad, chunk);
  XENT_UNROLL
  for (int i = 0; i < kQuad; ++i) {
    if (quad * kQuad + i < size) x[quad * kQuad + i] = chunk.element[i];
  }
}

__device__ __forceinline__ const StepScalars& current(const StepTable& steps) {
  return steps.scalars[*steps.number];
}

__device__ __forceinline__ mlp::RandomStream dropout_stream(const Dropout& dropout, std::int64_t step) {
  return {dropout.seed, mlp::Purpose::dropout, static_cast<std::uint64_t>(step), dropout.layer};
}

/// That of an element in its four; by comparisons, as an index would put the words into memory.
__device__ __forceinline__ std::uint32_t word_of(const mlp::Words& words, std::int64_t element) {
  const std::int64_t i = element % kQuad;
  return i == 0 ? words.word[0] : i == 1 ? words.word[1] : i == 2 ? words.word[2] : words.word[3];
}

/// The elements' fate is that of their places in the array, whatever the shape of the matrix.
__device__ __forceinline__ void drop(const Dropout& dropout, std::int64_t step, std::int64_t quad,
                                     Chunk<float>& chunk) {
  if (dropout.threshold == 0) return;
  const mlp::Words words = dropout_stream(dropout, step).block(static_cast<std::uint32_t>(quad));
  XENT_UNROLL
  for (int i = 0; i < kQuad; ++i) {
    chunk.element[i] = words.word[i] < dropout.threshold ? 0.0F : chunk.element[i] * dropout.scale;
  }
}
/// One element.
__device__ __forceinline__ float drop(const Dropout& dropout, std::int64_t step, std::int64_t element,
                                      float x) {
  if (dropout.threshold == 0) return x;
  const mlp::Words words = dropout_stream(dropout, step).block(static_cast<std::uint32_t>(element / 4));
  return word_of(words, element) < dropout.threshold ? 0.0F : x * dropout.scale;
}

}  // namespace xent::gpu
