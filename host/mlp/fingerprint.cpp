// Eight bytes per multiplication, after the manner of multiply-and-fold hashes.
#include "host/mlp/fingerprint.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

namespace xent::mlp {
namespace {

std::uint64_t mix(std::uint64_t hash, std::uint64_t word) {
  hash = (hash ^ word) * 0x9E3779B97F4A7C15U;
  return hash ^ (hash >> 32U);
}

std::uint64_t mix(std::uint64_t hash, const std::vector<std::uint8_t>& bytes) {
  for (std::size_t i = 0; i < bytes.size(); i += 8) {
    std::uint64_t word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<std::size_t>(8, bytes.size() - i));
    hash = mix(hash, word);
  }
  return hash;
}

}  // namespace

std::uint64_t fingerprint(const data::Dataset& dataset) {
  std::uint64_t hash = 0;
  for (const std::int64_t extent : {dataset.count, dataset.height, dataset.width, dataset.classes}) {
    hash = mix(hash, static_cast<std::uint64_t>(extent));
  }
  return mix(mix(hash, dataset.pixels), dataset.labels);
}

}  // namespace xent::mlp
