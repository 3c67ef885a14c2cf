// Numbers that stand for logits, each a function of its counter, so that threads can fill any part of a
// matrix.
#pragma once

#include <cstdint>

namespace xent::bench {

/// Uniform words: SplitMix64's finaliser.
inline std::uint64_t random_word(std::uint64_t counter) {
  std::uint64_t x = (counter + 1) * 0x9E3779B97F4A7C15U;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9U;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBU;
  return x ^ (x >> 31U);
}

/// Close to a normal number of deviation 2: a sum of four uniform ones.
inline float random_logit(std::uint64_t counter) {
  const std::uint64_t word = random_word(counter);
  std::uint64_t sum = 0;
  for (unsigned shift = 0; shift < 64; shift += 16) sum += (word >> shift) & 0xFFFFU;
  constexpr float kScale = 2.0F * 1.7320508F / 65536.0F;  // √3: four uniforms have a variance of 1/3
  return (static_cast<float>(sum) - 131070.0F) * kScale;
}

}  // namespace xent::bench
