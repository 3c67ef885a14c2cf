// Initial weights, shuffles and shifts from the counter-based generator.
#include "host/mlp/random.hpp"

#include <numeric>
#include <utility>

namespace xent::mlp {
namespace {

/// floor(range · x / 2^64) of the 64-bit x = (high, low): uniform in [0, range) up to a bias of range / 2^64.
constexpr std::uint64_t scaled(std::uint32_t high, std::uint32_t low, std::uint32_t range) {
  return (std::uint64_t{high} * range + (std::uint64_t{low} * range >> 32U)) >> 32U;
}

}  // namespace

void fill_uniform(const RandomStream& stream, double bound, std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double unit = static_cast<double>(stream.word(i)) * 0x1p-31 - 1.0;
    values[i] = static_cast<double>(static_cast<float>(unit * bound));
  }
}

std::vector<std::int64_t> permutation(const RandomStream& stream, std::int64_t count) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(count));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  // Fisher–Yates: position i receives a uniform choice among those not yet placed.
  for (std::size_t i = order.size(); i > 1; --i) {
    const auto words = stream.block(static_cast<std::uint32_t>(i));
    std::swap(order[i - 1], order[scaled(words[0], words[1], static_cast<std::uint32_t>(i))]);
  }
  return order;
}

Shift random_shift(const RandomStream& stream, std::int64_t sample, std::int64_t limit) {
  const auto words = stream.block(static_cast<std::uint32_t>(sample));
  const auto span = static_cast<std::uint32_t>(2 * limit + 1);
  return {.right = static_cast<std::int64_t>(scaled(words[0], words[1], span)) - limit,
          .down = static_cast<std::int64_t>(scaled(words[2], words[3], span)) - limit};
}

std::uint32_t dropout_threshold(double probability) {
  return static_cast<std::uint32_t>(probability * 0x1p32);
}

}  // namespace xent::mlp
