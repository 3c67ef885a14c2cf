// The trainer's random decisions that the host and the kernels both make, so that they are the same ones.
#pragma once

#include <cstdint>

#include "kernels/mlp/philox.hpp"

namespace xent::mlp {

/// What a number is drawn for: no two purposes ever share a counter.
enum class Purpose : std::uint32_t { weight_init, bias_init, shuffle, shift, dropout };

/// An endless sequence of random words that can be read anywhere.
class RandomStream {
 public:
  /// time: the epoch or the step, `layer` separates streams of one purpose.
  XENT_HOST_DEVICE constexpr RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t time,
                                          std::uint32_t layer = 0)
      : key_{{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)}},
        stream_(static_cast<std::uint32_t>(purpose) | layer << 8U),
        time_(time) {}

  /// Words 4·block … 4·block + 3.
  XENT_HOST_DEVICE constexpr Words block(std::uint32_t block) const {
    return philox4x32(
        {{block, stream_, static_cast<std::uint32_t>(time_), static_cast<std::uint32_t>(time_ >> 32U)}},
        key_);
  }
  XENT_HOST_DEVICE constexpr std::uint32_t word(std::uint64_t index) const {
    return block(static_cast<std::uint32_t>(index / 4))[index % 4];
  }

 private:
  PhiloxKey key_;
  std::uint32_t stream_;
  std::uint64_t time_;
};

/// floor(range · x / 2^64) of the 64-bit x = (high, low): uniform in [0, range) up to a bias of range / 2^64.
XENT_HOST_DEVICE constexpr std::uint64_t scaled(std::uint32_t high, std::uint32_t low, std::uint32_t range) {
  return (std::uint64_t{high} * range + (std::uint64_t{low} * range >> 32U)) >> 32U;
}

/// Where a sample stands in its epoch: samples are visited in the order of these keys.
XENT_HOST_DEVICE constexpr std::uint64_t shuffle_key(const RandomStream& stream, std::int64_t sample) {
  const Words words = stream.block(static_cast<std::uint32_t>(sample));
  return std::uint64_t{words[0]} << 32U | words[1];
}

/// Pixels by which a sample is moved right and down, each uniform in [-limit, limit].
struct Shift {
  std::int64_t right = 0;
  std::int64_t down = 0;
  bool operator==(const Shift&) const = default;
};

/// row: the sample's place in its batch.
XENT_HOST_DEVICE constexpr Shift random_shift(const RandomStream& stream, std::int64_t row,
                                              std::int64_t limit) {
  const Words words = stream.block(static_cast<std::uint32_t>(row));
  const auto range = static_cast<std::uint32_t>(2 * limit + 1);
  return {static_cast<std::int64_t>(scaled(words[0], words[1], range)) - limit,
          static_cast<std::int64_t>(scaled(words[2], words[3], range)) - limit};
}

}  // namespace xent::mlp
