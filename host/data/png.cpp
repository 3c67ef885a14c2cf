// PNG by libpng's simplified interface, which needs no setjmp and converts every colour type to grey itself.
#include <array>
#include <string>

#include <png.h>

#include <xent/error.hpp>

#include "host/data/image.hpp"
#include "host/data/image_formats.hpp"
#include "host/io/error.hpp"

namespace xent::data {
namespace {

/// libpng's image with an owner: its memory is freed on every way out.
struct Png {
  png_image image{};
  Png() { image.version = PNG_IMAGE_VERSION; }
  Png(const Png&) = delete;
  Png& operator=(const Png&) = delete;
  ~Png() { png_image_free(&image); }
};

}  // namespace

bool looks_like_png(std::span<const std::byte> bytes) {
  constexpr std::size_t kSignature = 8;
  return bytes.size() >= kSignature &&
         png_sig_cmp(reinterpret_cast<png_const_bytep>(bytes.data()), 0, kSignature) == 0;
}

GreyImage decode_png(std::span<const std::byte> bytes, std::string_view name) {
  Png png;
  const auto fail = [&] {
    throw io::FormatError(std::string(name) + ": damaged PNG (" + png.image.message + ")");
  };
  if (png_image_begin_read_from_memory(&png.image, bytes.data(), bytes.size()) == 0) fail();
  const std::int64_t height = png.image.height;
  const std::int64_t width = png.image.width;
  check_image_size(height, width, name);
  png.image.format = PNG_FORMAT_GRAY;
  png.image.flags |= PNG_IMAGE_FLAG_16BIT_sRGB;  // 16-bit greys mean what 8-bit ones do
  GreyImage grey{height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width))};
  const png_color white{.red = 255, .green = 255, .blue = 255};
  if (png_image_finish_read(&png.image, &white, grey.pixels.data(), 0, nullptr) == 0) fail();
  return grey;
}

std::vector<std::byte> encode_png(std::span<const std::uint8_t> pixels, std::int64_t height,
                                  std::int64_t width) {
  if (height < 1 || width < 1 || height > kMaxImagePixels || width > kMaxImagePixels / height ||
      std::ssize(pixels) != height * width) {
    throw InvalidArgument("encode_png: " + std::to_string(pixels.size()) + " pixels given for a picture of " +
                          std::to_string(height) + "x" + std::to_string(width) +
                          ", which must have from 1 to " + std::to_string(kMaxImagePixels));
  }
  Png png;
  png.image.height = static_cast<png_uint_32>(height);
  png.image.width = static_cast<png_uint_32>(width);
  png.image.format = PNG_FORMAT_GRAY;
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png.image);
  std::vector<std::byte> bytes(size);
  if (png_image_write_to_memory(&png.image, bytes.data(), &size, 0, pixels.data(), 0, nullptr) == 0) {
    throw io::IoError(std::string("libpng could not encode: ") + png.image.message);
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace xent::data
