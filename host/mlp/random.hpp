// Every random decision of a run, each a pure function of (seed, purpose, time, index).
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "host/mlp/philox.hpp"

namespace xent::mlp {

/// What a number is drawn for: no two purposes ever share a counter.
enum class Purpose : std::uint32_t { weight_init, bias_init, shuffle, shift, dropout };

/// An endless sequence of random words that can be read anywhere.
class RandomStream {
 public:
  /// time: the epoch or the step, `layer` separates streams of one purpose.
  constexpr RandomStream(std::uint64_t seed, Purpose purpose, std::uint64_t time, std::uint32_t layer = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32U)},
        stream_(static_cast<std::uint32_t>(purpose) | layer << 8U),
        time_(time) {}

  /// Words 4·block … 4·block + 3.
  constexpr std::array<std::uint32_t, 4> block(std::uint32_t block) const {
    return philox4x32(
        {block, stream_, static_cast<std::uint32_t>(time_), static_cast<std::uint32_t>(time_ >> 32U)}, key_);
  }
  constexpr std::uint32_t word(std::uint64_t index) const {
    return block(static_cast<std::uint32_t>(index / 4))[index % 4];
  }

 private:
  std::array<std::uint32_t, 2> key_;
  std::uint32_t stream_;
  std::uint64_t time_;
};

/// Uniform in [-bound, bound), rounded to binary32 so that every backend starts from the same weights.
void fill_uniform(const RandomStream& stream, double bound, std::vector<double>& values);

/// A permutation of 0 … count - 1: the order in which an epoch visits the samples.
std::vector<std::int64_t> permutation(const RandomStream& stream, std::int64_t count);

/// Pixels by which a sample is moved right and down, each uniform in [-limit, limit].
struct Shift {
  std::int64_t right = 0;
  std::int64_t down = 0;
  bool operator==(const Shift&) const = default;
};
Shift random_shift(const RandomStream& stream, std::int64_t sample, std::int64_t limit);

/// An element is dropped when its word is below this: probability rounded to a multiple of 2^-32.
std::uint32_t dropout_threshold(double probability);

}  // namespace xent::mlp
