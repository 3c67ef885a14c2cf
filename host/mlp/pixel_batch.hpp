// A batch of images as bytes, with the places of the pixels that are not zero: most of a digit is background,
// and what is multiplied by zero need not be.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/mlp/host_backend.hpp"
#include "host/mlp/recipe.hpp"

namespace xent::mlp {

class PixelBatch {
 public:
  /// Bits of a word: pixels in a row's words, rows in a pixel's.
  static constexpr std::int64_t kWord = 64;

  /// Room for `rows` images. A kept byte b stands for b / 255, times `scale` if that is not 1; both are
  /// rounded.
  PixelBatch(std::int64_t features, std::int64_t rows, double scale);

  /// A step's images, moved and dropped as the recipe says.
  void gather(const Recipe& recipe, const data::Dataset& train, const Batch& batch, int threads);
  /// `rows` images as they are.
  void take(const std::uint8_t* pixels, std::int64_t rows);

  std::int64_t features() const { return features_; }
  std::int64_t rows() const { return rows_; }
  /// Words of one row; their bits beyond the last pixel are 0.
  std::int64_t row_words() const { return stride_ / kWord; }
  /// Words of one pixel; their bits beyond the last row are 0.
  std::int64_t column_words() const { return (rows_ + kWord - 1) / kWord; }

  const std::uint8_t* row(std::int64_t r) const { return bytes_.data() + r * stride_; }
  std::int64_t stride() const { return stride_; }
  /// Bit j of word w: pixel 64·w + j of row r is not zero.
  std::uint64_t row_word(std::int64_t r, std::int64_t w) const {
    return row_bits_[index(r * row_words() + w)];
  }
  /// Bit j of word w: pixel i of row 64·w + j is not zero.
  std::uint64_t column_word(std::int64_t i, std::int64_t w) const {
    return column_bits_[index(w * stride_ + i)];
  }
  /// The pixels that are not zero in every row, and those that are; ascending.
  std::span<const std::int32_t> lit() const { return lit_; }
  std::span<const std::int32_t> idle() const { return idle_; }
  /// What the bytes stand for, 256 numbers.
  const float* values() const { return values_.data(); }

 private:
  static std::size_t index(std::int64_t i) { return static_cast<std::size_t>(i); }
  void drop_pixels(const Recipe& recipe, const Batch& batch, std::int64_t r);
  void mark_row(std::int64_t r);
  void mark_columns();
  void list_pixels();

  std::int64_t features_;
  std::int64_t stride_;  // bytes from row to row, a multiple of kWord
  std::int64_t rows_ = 0;
  std::vector<std::uint8_t> bytes_;
  std::vector<std::uint64_t> row_bits_;
  std::vector<std::uint64_t> column_bits_;
  std::vector<std::int32_t> lit_{};
  std::vector<std::int32_t> idle_{};
  std::vector<float> values_;
};

}  // namespace xent::mlp
