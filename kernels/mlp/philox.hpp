// Philox4x32-10: four random words that are a pure function of a key and a counter, so that nothing has a
// state.
#pragma once

#include <compare>
#include <cstdint>

#include "kernels/primitives/host_device.hpp"

namespace xent::mlp {

/// Not std::array, whose members a kernel cannot call.
struct Words {
  std::uint32_t word[4];

  XENT_HOST_DEVICE constexpr std::uint32_t operator[](std::uint64_t i) const { return word[i]; }
  friend constexpr auto operator<=>(const Words&, const Words&) = default;
};

struct PhiloxKey {
  std::uint32_t word[2];
};

/// Ten rounds of Philox on one 128-bit counter under a 64-bit key.
/// Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC11.
XENT_HOST_DEVICE constexpr Words philox4x32(Words counter, PhiloxKey key) {
  constexpr std::uint32_t kMultiplier0 = 0xD2511F53U;
  constexpr std::uint32_t kMultiplier1 = 0xCD9E8D57U;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9U;  // the golden ratio's fraction
  constexpr std::uint32_t kWeyl1 = 0xBB67AE85U;  // sqrt(3) - 1
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = std::uint64_t{kMultiplier0} * counter.word[0];
    const std::uint64_t product1 = std::uint64_t{kMultiplier1} * counter.word[2];
    counter = {{static_cast<std::uint32_t>(product1 >> 32U) ^ counter.word[1] ^ key.word[0],
                static_cast<std::uint32_t>(product1),
                static_cast<std::uint32_t>(product0 >> 32U) ^ counter.word[3] ^ key.word[1],
                static_cast<std::uint32_t>(product0)}};
    key = {{key.word[0] + kWeyl0, key.word[1] + kWeyl1}};
  }
  return counter;
}

}  // namespace xent::mlp
