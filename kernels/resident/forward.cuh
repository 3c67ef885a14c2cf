// From the pixels to the own hidden units, and their share of the logits.
#pragma once

#include "kernels/mlp/elements.cuh"
#include "kernels/primitives/block.cuh"
#include "kernels/primitives/math.cuh"
#include "kernels/resident/memory.cuh"

namespace xent::gpu {

/// Half a warp has kResidentRows images: with 784 pixels in 196 words, 16 lanes share them more evenly
/// than 32.
inline constexpr int kSharers = 16;

/// Half of 2 · kHalf numbers change sides with the lanes that differ in that bit, and so do half of the rest.
template <int kHalf>
__device__ __forceinline__ void fold_lanes(float (&value)[kSharers]) {
  const bool upper = (lane_id() & static_cast<unsigned>(kHalf)) != 0;
  XENT_UNROLL
  for (int i = 0; i < kHalf; ++i) {
    const float given = upper ? value[i] : value[i + kHalf];
    const float kept = upper ? value[i + kHalf] : value[i];
    value[i] = kept + shuffle_xor(given, static_cast<unsigned>(kHalf));
  }
  if constexpr (kHalf > 1) fold_lanes<kHalf / 2>(value);
}

/// Of as many numbers as there are sharers each lane gets the sum of one: that of its own number among them.
/// So it takes 15 shuffles, where number by number it would be 64.
__device__ __forceinline__ float sum_over_sharers(float (&value)[kSharers]) {
  fold_lanes<kSharers / 2>(value);
  return value[0];
}

/// Σ over the pixels of weight × byte, kResidentRows images by kResidentUnits units; half a warp shares the
/// pixels.
__device__ __forceinline__ float sum_pixels(const ResidentShape& shape, const float* weight,
                                            const std::uint32_t* pixels, int first_row, int rows) {
  const std::uint32_t* row[kResidentRows];
  XENT_UNROLL
  for (int r = 0; r < kResidentRows; ++r) {
    // Rows that are not there repeat the last one; nobody keeps their sums.
    const int first = (first_row + r < rows ? first_row + r : rows - 1) * shape.words();
    row[r] = pixels + first;
  }
  static_assert(kResidentRows * kResidentUnits == kSharers);
  float sum[kSharers] = {};
  for (int word = static_cast<int>(lane_id()) % kSharers; word < shape.words(); word += kSharers) {
    float x[kResidentRows][4];
    XENT_UNROLL
    for (int r = 0; r < kResidentRows; ++r) {
      const std::uint32_t bytes = row[r][word];
      x[r][0] = byte_of<0>(bytes);
      x[r][1] = byte_of<1>(bytes);
      x[r][2] = byte_of<2>(bytes);
      x[r][3] = byte_of<3>(bytes);
    }
    XENT_UNROLL
    for (int u = 0; u < kResidentUnits; ++u) {
      const Chunk<float> w = load_chunk(&weight[u * shape.unit_pitch() + 4 * word]);
      XENT_UNROLL
      for (int r = 0; r < kResidentRows; ++r) {
        XENT_UNROLL
        for (int i = 0; i < 4; ++i) sum[r * kResidentUnits + u] += w.element[i] * x[r][i];
      }
    }
  }
  return sum_over_sharers(sum);
}

/// Warps take turns at the rows.
__device__ __forceinline__ void hidden_forward(const ResidentArguments& arguments,
                                               const ResidentMemory& memory, const StepScalars& step,
                                               int number, int rows) {
  const ResidentShape& shape = arguments.shape;
  const float* const value = memory.parameters();
  constexpr int kRowsOfWarp = 2 * kResidentRows;
  const int mine = static_cast<int>(lane_id()) % kSharers;
  for (int begin = static_cast<int>(warp_id()) * kRowsOfWarp; begin < rows;
       begin += kResidentBlock / 32 * kRowsOfWarp) {
    const int first_row = begin + static_cast<int>(lane_id()) / kSharers * kResidentRows;
    for (int unit = 0; unit < shape.units; unit += kResidentUnits) {
      const int first = unit * shape.unit_pitch();
      const float sum = sum_pixels(shape, value + first, memory.pixels(number), first_row, rows);
      const int row = first_row + mine / kResidentUnits;
      const int u = unit + mine % kResidentUnits;
      if (row >= rows) continue;
      const float y = sum * arguments.pixel_scale + value[shape.bias1() + u];
      // Not a maximum, which would turn NaN into 0 and hide that training has diverged.
      const float activation = y < 0.0F ? 0.0F : y;
      const std::int64_t element = static_cast<std::int64_t>(row) * shape.hidden + first_unit(shape) + u;
      memory.activations()[row * shape.units + u] = drop(arguments.dropout, step.step, element, activation);
    }
  }
}

/// What the block's units add to the logits, for all blocks to see.
__device__ __forceinline__ void share_logits(const ResidentArguments& arguments, const ResidentMemory& memory,
                                             int rows) {
  const ResidentShape& shape = arguments.shape;
  const float* const weight = memory.parameters() + shape.weight2();
  const auto blocks = static_cast<int>(gridDim.x);
  const auto block = static_cast<int>(blockIdx.x);
  for (int i = static_cast<int>(threadIdx.x); i < rows * shape.classes; i += kResidentBlock) {
    const int row = i / shape.classes;
    const int c = i - row * shape.classes;
    float sum = 0.0F;
    for (int u = 0; u < shape.units; ++u) {
      sum += memory.activations()[row * shape.units + u] * weight[u * shape.classes + c];
    }
    arguments.partials[(row * blocks + block) * shape.classes + c] = sum;
  }
}

}  // namespace xent::gpu
