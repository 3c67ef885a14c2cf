// Images with labels, as bytes: what the trainer reads and every source of digits produces.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace xent::data {

struct Dataset {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::int64_t classes = 10;
  std::vector<std::uint8_t> pixels{};  ///< count × height × width, 0 is background
  std::vector<std::uint8_t> labels{};  ///< count

  std::int64_t features() const { return height * width; }
  std::span<const std::uint8_t> image(std::int64_t i) const {
    return std::span(pixels).subspan(static_cast<std::size_t>(i * features()),
                                     static_cast<std::size_t>(features()));
  }
};

struct TrainTest {
  Dataset train{};
  Dataset test{};
  /// One line for people: where the digits came from, e.g. "MNIST files in /data/mnist".
  std::string origin{};
  bool synthetic = false;
};

}  // namespace xent::data
