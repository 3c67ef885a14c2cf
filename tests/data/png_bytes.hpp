// PNG files put together by hand, so that every colour type and every lie in a header can be tried.
#pragma once

#include <cstdint>
#include <string_view>

#include "tests/data/idx_bytes.hpp"
#include "tests/io/bytes.hpp"

namespace xent::test {

inline Bytes png_chunk(std::string_view type, const Bytes& content) {
  const Bytes checked = bytes_of(type) + content;
  const auto crc =
      ::crc32(0, reinterpret_cast<const Bytef*>(checked.data()), static_cast<uInt>(checked.size()));
  return big_endian({static_cast<std::uint32_t>(content.size())}) + checked +
         big_endian({static_cast<std::uint32_t>(crc)});
}

struct PngHeader {
  std::uint32_t width = 1;
  std::uint32_t height = 1;
  int depth = 8;
  int colour = 0;  ///< 0 grey, 2 RGB, 3 palette, 4 grey and alpha, 6 RGB and alpha
};

/// `rows` are the raw bytes of the image: before each row a filter byte, 0 for none. `extra` goes before
/// them.
inline Bytes png_file(const PngHeader& header, const Bytes& rows, const Bytes& extra = {}) {
  Bytes packed(compressBound(static_cast<uLong>(rows.size())));
  uLongf size = static_cast<uLongf>(packed.size());
  ::compress(reinterpret_cast<Bytef*>(packed.data()), &size, reinterpret_cast<const Bytef*>(rows.data()),
             static_cast<uLong>(rows.size()));
  packed.resize(size);
  const Bytes ihdr = big_endian({header.width, header.height}) +
                     Bytes{static_cast<std::byte>(header.depth), static_cast<std::byte>(header.colour)} +
                     Bytes(3);
  return bytes_of("\x89PNG\r\n\x1a\n") + png_chunk("IHDR", ihdr) + extra + png_chunk("IDAT", packed) +
         png_chunk("IEND", {});
}

}  // namespace xent::test
