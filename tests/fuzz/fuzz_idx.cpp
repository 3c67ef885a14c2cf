// IDX: any bytes give images or labels that keep their promises, or a FormatError.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <span>

#include "host/data/idx.hpp"
#include "host/io/error.hpp"

namespace {

constexpr std::uint64_t kLimit = 1 << 20;

void require(bool promise) {
  if (!promise) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto bytes = std::as_bytes(std::span(data, size));
  try {
    const auto images = xent::data::parse_idx_images(bytes, "input", kLimit);
    require(images.count > 0 && images.height > 0 && images.width > 0);
    require(std::ssize(images.pixels) == images.count * images.height * images.width);
  } catch (const xent::io::FormatError&) {
  }
  try {
    const auto labels = xent::data::parse_idx_labels(bytes, "input", 10, kLimit);
    require(!labels.empty() && *std::ranges::max_element(labels) < 10);
  } catch (const xent::io::FormatError&) {
  }
  return 0;
}
