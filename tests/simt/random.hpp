// The schedule's dice: xorshift, seeded through splitmix so that neighbouring seeds differ.
#pragma once

#include <cstdint>

namespace simt {

class Random {
 public:
  explicit Random(std::uint64_t seed = 0, std::uint64_t stream = 0) {
    std::uint64_t z = seed * 0x9E3779B97F4A7C15U + stream * 0xD1B54A32D192ED03U + 0x632BE59BD9B4E019U;
    z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9U;
    z = (z ^ (z >> 27U)) * 0x94D049BB133111EBU;
    state_ = (z ^ (z >> 31U)) | 1U;
  }

  std::uint32_t next() {
    state_ ^= state_ << 13U;
    state_ ^= state_ >> 7U;
    state_ ^= state_ << 17U;
    return static_cast<std::uint32_t>(state_ >> 32U);
  }

  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((std::uint64_t{next()} * bound) >> 32U);
  }

 private:
  std::uint64_t state_;
};

}  // namespace simt
