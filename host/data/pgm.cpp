// PGM: "P5" with bytes or big-endian pairs of them, "P2" with decimal numbers; '#' starts a comment.
#include <cctype>
#include <string>

#include "host/data/image.hpp"
#include "host/data/image_formats.hpp"
#include "host/io/error.hpp"

namespace xent::data {
namespace {

class Pgm {
 public:
  Pgm(std::span<const std::byte> bytes, std::string_view name) : bytes_(bytes), name_(name) {}

  GreyImage decode() {
    const bool binary = bytes_[1] == std::byte{'5'};
    at_ = 2;
    const std::int64_t width = number("width", 1'000'000'000);
    const std::int64_t height = number("height", 1'000'000'000);
    check_image_size(height, width, name_);
    const std::int64_t white = number("maximum", 65535);
    if (white == 0) fail("its maximum is 0, which must be from 1 to 65535");
    const std::size_t count = static_cast<std::size_t>(height * width);
    if (binary) start_of_raster(count * (white > 255 ? 2 : 1));
    // A decimal pixel takes at least two bytes, so a header cannot ask for more memory than the file backs.
    else if (count > (bytes_.size() - at_) / 2 + 1)
      fail("truncated");

    GreyImage image{height, width, std::vector<std::uint8_t>(count)};
    for (std::uint8_t& pixel : image.pixels) {
      const std::int64_t value = binary ? raster_value(white > 255) : number("a pixel", 65535);
      if (value > white)
        fail("pixel value " + std::to_string(value) + " above the maximum " + std::to_string(white));
      pixel = static_cast<std::uint8_t>((value * 255 + white / 2) / white);
    }
    return image;
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw io::FormatError(std::string(name_) + ": damaged PGM (" + what + ")");
  }

  bool at_end() const { return at_ == bytes_.size(); }
  int peek() const { return std::to_integer<int>(bytes_[at_]); }

  void skip_blank() {
    for (; !at_end(); ++at_) {
      if (peek() == '#') {
        while (!at_end() && peek() != '\n') ++at_;
        if (at_end()) return;
      } else if (std::isspace(peek()) == 0) {
        return;
      }
    }
  }

  std::int64_t number(const std::string& what, std::int64_t max) {
    skip_blank();
    if (at_end()) fail("truncated");
    if (std::isdigit(peek()) == 0) fail(what + " is not a number");
    std::int64_t value = 0;
    for (; !at_end() && std::isdigit(peek()) != 0; ++at_) {
      value = value * 10 + (peek() - '0');
      if (value > max) fail(what + " is above " + std::to_string(max));
    }
    return value;
  }

  /// Exactly one blank parts the header from the pixels, which may themselves look like blanks.
  void start_of_raster(std::size_t size) {
    if (at_end() || std::isspace(peek()) == 0) fail("no blank after the header");
    ++at_;
    if (bytes_.size() - at_ < size) {
      fail("truncated: " + std::to_string(bytes_.size() - at_) + " of " + std::to_string(size) +
           " bytes of pixels");
    }
  }

  std::int64_t raster_value(bool wide) {
    std::int64_t value = peek();
    ++at_;
    if (!wide) return value;
    value = value * 256 + peek();
    ++at_;
    return value;
  }

  std::span<const std::byte> bytes_;
  std::string_view name_;
  std::size_t at_ = 0;
};

}  // namespace

bool looks_like_pgm(std::span<const std::byte> bytes) {
  return bytes.size() >= 2 && bytes[0] == std::byte{'P'} &&
         (bytes[1] == std::byte{'2'} || bytes[1] == std::byte{'5'});
}

GreyImage decode_pgm(std::span<const std::byte> bytes, std::string_view name) {
  return Pgm(bytes, name).decode();
}

}  // namespace xent::data
