// Initial weights and shuffles from the counter-based generator.
#include "host/mlp/random.hpp"

#include <algorithm>
#include <numeric>

namespace xent::mlp {
void fill_uniform(const RandomStream& stream, double bound, std::vector<double>& values) {
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double unit = static_cast<double>(stream.word(i)) * 0x1p-31 - 1.0;
    values[i] = static_cast<double>(static_cast<float>(unit * bound));
  }
}

std::vector<std::int64_t> permutation(const RandomStream& stream, std::int64_t count) {
  std::vector<std::uint64_t> keys(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < keys.size(); ++i) keys[i] = shuffle_key(stream, static_cast<std::int64_t>(i));
  std::vector<std::int64_t> order(keys.size());
  std::iota(order.begin(), order.end(), std::int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return keys[static_cast<std::size_t>(a)] < keys[static_cast<std::size_t>(b)];
  });
  return order;
}

std::uint32_t dropout_threshold(double probability) {
  return static_cast<std::uint32_t>(probability * 0x1p32);
}

}  // namespace xent::mlp
