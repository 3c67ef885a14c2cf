// Small IDX files, sound or with any one thing wrong.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "tests/io/bytes.hpp"

namespace xent::test {

inline Bytes big_endian(std::initializer_list<std::uint32_t> words) {
  Bytes bytes;
  for (const std::uint32_t word : words) {
    for (const int shift : {24, 16, 8, 0}) bytes.push_back(static_cast<std::byte>(word >> shift));
  }
  return bytes;
}

/// Pixel i is i modulo 256.
inline Bytes idx_images(std::uint32_t count, std::uint32_t height = 28, std::uint32_t width = 28) {
  Bytes bytes = big_endian({0x803, count, height, width});
  const std::size_t pixels = std::size_t{count} * height * width;
  for (std::size_t i = 0; i < pixels; ++i) bytes.push_back(static_cast<std::byte>(i));
  return bytes;
}

/// Label i is i modulo 10.
inline Bytes idx_labels(std::uint32_t count) {
  Bytes bytes = big_endian({0x801, count});
  for (std::uint32_t i = 0; i < count; ++i) bytes.push_back(static_cast<std::byte>(i % 10));
  return bytes;
}

}  // namespace xent::test
