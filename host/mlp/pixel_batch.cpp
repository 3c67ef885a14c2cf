#include "host/mlp/pixel_batch.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <numeric>

#include <hwy/cache_control.h>

#include "host/mlp/augment.hpp"
#include "host/mlp/blocks.hpp"
#include "host/mlp/elementwise.hpp"

namespace xent::mlp {
namespace {

// Rows per task of the gather.
constexpr std::int64_t kGatherRows = 16;
// Operations that one gathered pixel is worth, for deciding whether to wake threads.
constexpr std::int64_t kPixelWork = 32;

/// Bit j of the result: byte j is not zero.
std::uint64_t marks(const std::uint8_t* eight_bytes) {
  static_assert(std::endian::native == std::endian::little);
  std::uint64_t bytes = 0;
  std::memcpy(&bytes, eight_bytes, sizeof bytes);
  constexpr std::uint64_t kLow = 0x7F7F7F7F7F7F7F7F;
  const std::uint64_t tops = (((bytes & kLow) + kLow) | bytes) & ~kLow;  // a byte's top bit: it is not zero
  return ((tops >> 7U) * 0x0102040810204080) >> 56U;                     // brings the eight together
}

/// Bit j of word i becomes bit i of word j: blocks of bits change places, half as large each time.
void transpose(std::uint64_t (&words)[64]) {
  std::uint64_t mask = 0x00000000FFFFFFFF;
  for (unsigned width = 32; width != 0; width /= 2, mask ^= mask << width) {
    for (unsigned i = 0; i < 64; i = (i + width + 1) & ~width) {
      const std::uint64_t change = ((words[i] >> width) ^ words[i + width]) & mask;
      words[i] ^= change << width;
      words[i + width] ^= change;
    }
  }
}

void prefetch(std::span<const std::uint8_t> bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 64) hwy::Prefetch(bytes.data() + i);
}

}  // namespace

PixelBatch::PixelBatch(std::int64_t features, std::int64_t rows, double scale)
    : features_(features), stride_((features + kWord - 1) / kWord * kWord), values_(256) {
  const std::int64_t row_blocks = (rows + kWord - 1) / kWord;
  bytes_.resize(index(rows * stride_));
  row_bits_.resize(index(rows * row_words()));
  column_bits_.resize(index(row_blocks * stride_));
  std::uint8_t all[256];
  std::iota(std::begin(all), std::end(all), std::uint8_t{0});
  normalise_pixels(all, 256, values_.data());
  for (float& value : values_) value *= static_cast<float>(scale);
}

void PixelBatch::gather(const Recipe& recipe, const data::Dataset& train, const Batch& batch, int threads) {
  rows_ = static_cast<std::int64_t>(batch.samples.size());
  for_blocks(rows_, kGatherRows, rows_ * features_ * kPixelWork, threads,
             [&](std::int64_t begin, std::int64_t end) {
               // Images lie anywhere in memory: all are asked for before the first is waited for.
               for (std::int64_t r = begin; r < end; ++r) prefetch(train.image(batch.samples[index(r)]));
               for (std::int64_t r = begin; r < end; ++r) {
                 copy_augmented(recipe, train, batch, r, bytes_.data() + r * stride_);
                 if (recipe.input_dropout > 0.0) drop_pixels(recipe, batch, r);
                 mark_row(r);
               }
             });
  mark_columns();
  list_pixels();
}

void PixelBatch::take(const std::uint8_t* pixels, std::int64_t rows) {
  rows_ = rows;
  for (std::int64_t r = 0; r < rows; ++r) {
    std::memcpy(bytes_.data() + r * stride_, pixels + r * features_, index(features_));
    mark_row(r);
  }
  mark_columns();
  list_pixels();
}

/// A dropped pixel is a zero one; the others' scale is in values_.
void PixelBatch::drop_pixels(const Recipe& recipe, const Batch& batch, std::int64_t r) {
  thread_local std::vector<float> kept;
  kept.assign(index(features_), 1.0F);
  const RandomStream stream(recipe.seed, Purpose::dropout, static_cast<std::uint64_t>(batch.step), 0);
  apply_dropout_anywhere(stream, r * features_, features_, dropout_threshold(recipe.input_dropout), 1.0F,
                         kept.data());
  std::uint8_t* row = bytes_.data() + r * stride_;
  for (std::int64_t i = 0; i < features_; ++i) row[i] = kept[index(i)] == 0.0F ? std::uint8_t{0} : row[i];
}

void PixelBatch::mark_row(std::int64_t r) {
  const std::uint8_t* bytes = row(r);
  for (std::int64_t w = 0; w < row_words(); ++w) {
    std::uint64_t word = 0;
    for (std::int64_t byte = 0; byte < kWord; byte += 8) word |= marks(bytes + w * kWord + byte) << byte;
    row_bits_[index(r * row_words() + w)] = word;
  }
}

void PixelBatch::list_pixels() {
  lit_.clear();
  idle_.clear();
  for (std::int64_t i = 0; i < features_; ++i) {
    std::uint64_t any = 0;
    for (std::int64_t w = 0; w < column_words(); ++w) any |= column_word(i, w);
    (any == 0 ? idle_ : lit_).push_back(static_cast<std::int32_t>(i));
  }
}

void PixelBatch::mark_columns() {
  for (std::int64_t block = 0; block < column_words(); ++block) {
    const std::int64_t rows = std::min(kWord, rows_ - block * kWord);
    for (std::int64_t w = 0; w < row_words(); ++w) {
      std::uint64_t words[64] = {};
      for (std::int64_t r = 0; r < rows; ++r) words[r] = row_word(block * kWord + r, w);
      transpose(words);
      std::copy_n(words, 64, column_bits_.data() + block * stride_ + w * kWord);
    }
  }
}

}  // namespace xent::mlp
