// A step's batch from the data set, which stays on the device as bytes: samples in the epoch's order, moved
// at random, normalised, with some pixels dropped.
#pragma once

#include "kernels/mlp/elements.cuh"

namespace xent::gpu {

/// A sample as the network sees it; what the shift uncovers is 0.
class ShiftedImage {
 public:
  __device__ __forceinline__ ShiftedImage(const GatherArguments& arguments, const StepScalars& step,
                                          std::int64_t row)
      : height_(arguments.height),
        width_(arguments.width),
        pixels_(arguments.pixels + arguments.order[step.place + row] * height_ * width_) {
    if (arguments.shift == 0) return;
    const mlp::RandomStream stream(arguments.seed, mlp::Purpose::shift,
                                   static_cast<std::uint64_t>(step.step));
    shift_ = mlp::random_shift(stream, row, arguments.shift);
  }

  __device__ __forceinline__ std::uint8_t at(std::int64_t y, std::int64_t x) const {
    const std::int64_t from_y = y - shift_.down;
    const std::int64_t from_x = x - shift_.right;
    const bool inside = from_y >= 0 && from_y < height_ && from_x >= 0 && from_x < width_;
    return inside ? pixels_[from_y * width_ + from_x] : std::uint8_t{0};
  }

 private:
  std::int64_t height_;
  std::int64_t width_;
  const std::uint8_t* pixels_;
  mlp::Shift shift_{};
};

/// Four elements of the batch, which may begin in one row and end in another.
__device__ __forceinline__ Chunk<float> gathered_quad(const GatherArguments& arguments,
                                                      const StepScalars& step, std::int64_t quad) {
  const std::int64_t features = arguments.height * arguments.width;
  std::int64_t row = quad * kQuad / features;
  std::int64_t y = (quad * kQuad - row * features) / arguments.width;
  std::int64_t x = quad * kQuad - row * features - y * arguments.width;
  ShiftedImage image(arguments, step, row);
  Chunk<float> chunk;
  XENT_UNROLL
  for (int i = 0; i < kQuad; ++i) {
    chunk.element[i] = row < arguments.rows ? static_cast<float>(image.at(y, x)) / 255.0F : 0.0F;
    if (++x < arguments.width) continue;
    x = 0;
    if (++y < arguments.height) continue;
    y = 0;
    if (++row < arguments.rows) image = ShiftedImage(arguments, step, row);
  }
  return chunk;
}

template <int kBlock>
__global__ void __launch_bounds__(kBlock) gather_kernel(const __grid_constant__ GatherArguments arguments) {
  const StepScalars& step = current(arguments.steps);
  for (std::int64_t row = global_thread(); row < arguments.rows; row += global_threads()) {
    arguments.batch_labels[row] = arguments.labels[arguments.order[step.place + row]];
  }
  const std::int64_t size = arguments.rows * arguments.height * arguments.width;
  for_each_quad(size, [&](std::int64_t quad) {
    Chunk<float> chunk = gathered_quad(arguments, step, quad);
    drop(arguments.dropout, step.step, quad, chunk);
    store_quad(arguments.x, quad, size, chunk);
  });
}

/// Pixels for inference: as they are.
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    normalise_kernel(const std::uint8_t* pixels, std::int64_t size, float* x) {
  for (std::int64_t i = global_thread(); i < size; i += global_threads()) {
    x[i] = static_cast<float>(pixels[i]) / 255.0F;
  }
}

}  // namespace xent::gpu
