// A step's pixels into shared memory, as bytes: in the epoch's order, moved, some dropped. Every block takes
// the whole batch.
#pragma once

#include "kernels/mlp/gather.cuh"
#include "kernels/primitives/async.cuh"
#include "kernels/primitives/block.cuh"
#include "kernels/resident/memory.cuh"

namespace xent::gpu {

/// Images of the step.
__device__ __forceinline__ int batch_rows(const ResidentArguments& arguments, const StepScalars& step) {
  const std::int64_t left = arguments.samples - step.place;
  return static_cast<int>(left < arguments.shape.rows ? left : arguments.shape.rows);
}

/// Bytes as they are, whole chunks of them: nobody waits until they are needed.
__device__ __forceinline__ void copy_batch(const ResidentArguments& arguments, const StepScalars& step,
                                           int rows, std::uint32_t* pixels) {
  const int features = arguments.shape.features;
  const int chunks = features / 16;
  XENT_UNROLL_BY(4)
  for (int i = static_cast<int>(threadIdx.x); i < rows * chunks; i += kResidentBlock) {
    const int row = i / chunks;
    const int chunk = i - row * chunks;
    const std::int64_t sample = arguments.batch.order[step.place + row];
    const std::int64_t from = sample * features + std::int64_t{16} * chunk;
    copy_async(pixels + std::ptrdiff_t{4} * i, arguments.batch.pixels + from);
  }
  commit_copies();
}

/// The word of the batch's pixels that begins at place `first` of the row.
__device__ __forceinline__ std::uint32_t gathered_word(const ResidentArguments& arguments,
                                                       const ShiftedImage& image,
                                                       const mlp::RandomStream& drops, int row, int first) {
  const int features = arguments.shape.features;
  const int width = static_cast<int>(arguments.batch.width);
  const std::uint32_t threshold = arguments.batch.dropout.threshold;
  int y = first / width;
  int x = first - y * width;
  std::int64_t element = static_cast<std::int64_t>(row) * features + first;
  mlp::Words random{};
  std::uint32_t word = 0;
  XENT_UNROLL
  for (int i = 0; i < 4; ++i, ++element) {
    if (first + i >= features) break;
    if (threshold != 0 && (i == 0 || element % 4 == 0)) {
      random = drops.block(static_cast<std::uint32_t>(element / 4));
    }
    const bool dropped = threshold != 0 && word_of(random, element) < threshold;
    if (!dropped) word |= static_cast<std::uint32_t>(image.at(y, x)) << (8 * i);
    if (++x < width) continue;
    x = 0;
    ++y;
  }
  return word;
}

/// A warp takes a row at a time.
__device__ __forceinline__ void gather_batch(const ResidentArguments& arguments, const StepScalars& step,
                                             int rows, std::uint32_t* pixels) {
  const int words = arguments.shape.words();
  const mlp::RandomStream drops = dropout_stream(arguments.batch.dropout, step.step);
  for (int row = static_cast<int>(warp_id()); row < rows; row += kResidentBlock / 32) {
    const ShiftedImage image(arguments.batch, step, row);
    for (int word = static_cast<int>(lane_id()); word < words; word += 32) {
      pixels[row * words + word] = gathered_word(arguments, image, drops, row, 4 * word);
    }
  }
}

/// Complete after wait_copies() and a barrier.
__device__ __forceinline__ void begin_batch(const ResidentArguments& arguments, const ResidentMemory& memory,
                                            int number) {
  const StepScalars& step = arguments.batch.steps.scalars[number];
  const int rows = batch_rows(arguments, step);
  const GatherArguments& batch = arguments.batch;
  if (batch.shift == 0 && batch.dropout.threshold == 0 && arguments.shape.features % 16 == 0) {
    copy_batch(arguments, step, rows, memory.pixels(number));
  } else {
    gather_batch(arguments, step, rows, memory.pixels(number));
  }
}

}  // namespace xent::gpu
