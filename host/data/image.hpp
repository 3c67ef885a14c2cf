// Pictures as files: PNG and PGM read into grey bytes, grey bytes written as PNG.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

namespace xent::data {

/// The largest picture decoded, in pixels: a header may not make the reader allocate more.
inline constexpr std::int64_t kMaxImagePixels = std::int64_t{1} << 24;

struct GreyImage {
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels{};  ///< height × width, 0 is black

  std::uint8_t at(std::int64_t row, std::int64_t column) const {
    return pixels[static_cast<std::size_t>(row * width + column)];
  }
};

/// A PNG (any colour type and depth; transparency lies on white) or a PGM (P2 or P5, any maximum), told apart
/// by content. Throws io::FormatError with `name` for the file.
GreyImage decode_image(std::span<const std::byte> bytes, std::string_view name);

/// The same from a file; also throws io::IoError.
GreyImage read_image(const std::filesystem::path& path);

/// An 8-bit grey PNG. Throws InvalidArgument if the sizes do not fit.
std::vector<std::byte> encode_png(std::span<const std::uint8_t> pixels, std::int64_t height,
                                  std::int64_t width);

}  // namespace xent::data
