// The network's loops over elements, vectorised for the CPU at hand and run on the calling thread.
#pragma once

#include <cstdint>

#include "host/mlp/random.hpp"
#include "host/mlp/update_rule.hpp"

namespace xent::mlp {

/// Part of a row-major matrix: rows × cols floats, `stride` apart from row to row.
struct Block {
  float* data = nullptr;
  std::int64_t rows = 0;
  std::int64_t cols = 0;
  std::int64_t stride = 0;
};

/// out[i] = pixels[i] / 255, rounded to nearest.
void normalise_pixels(const std::uint8_t* pixels, std::int64_t n, float* out);

/// x[r,c] += bias[c], then max(x, 0) if relu; NaN stays NaN.
void add_bias(const Block& x, const float* bias, bool relu);

/// Elements first … first + n - 1 of a dropout mask applied to x: 0 where the stream's word lies below
/// the threshold, else times scale. `first` must be a multiple of 4.
void apply_dropout(const RandomStream& stream, std::int64_t first, std::int64_t n, std::uint32_t threshold,
                   float scale, float* x);

/// The same for any `first`.
void apply_dropout_anywhere(const RandomStream& stream, std::int64_t first, std::int64_t n,
                            std::uint32_t threshold, float scale, float* x);

/// delta[r,c] = activation[r,c] > 0 ? scale · delta[r,c] : 0. Both have the block's shape and stride.
void relu_backward(const float* activation, float scale, const Block& delta);

/// Values below 2^-100 in magnitude become 0. Subnormal numbers slow the processor down a hundredfold, and
/// gradients of confident rows are full of them.
void flush_tiny(const Block& x);

/// sums[c] = Σ_r x[r·stride + c] for c in [0, cols), added in the order of the rows.
void column_sums(const float* x, std::int64_t rows, std::int64_t cols, std::int64_t stride, float* sums);

/// One optimizer step on n parameters, one pass over memory. Moments below 2^-100 become 0 (see flush_tiny).
/// moment2 is not touched unless rule.adaptive.
void update(const UpdateRule& rule, std::int64_t n, const float* gradient, float* value, float* moment1,
            float* moment2);

}  // namespace xent::mlp
