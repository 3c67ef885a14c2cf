// Which format a picture is in, and how large it may be.
#include "host/data/image.hpp"

#include <string>

#include "host/data/idx.hpp"
#include "host/data/image_formats.hpp"
#include "host/io/error.hpp"
#include "host/io/file.hpp"

namespace xent::data {

void check_image_size(std::int64_t height, std::int64_t width, std::string_view name) {
  if (height >= 1 && width >= 1 && width <= kMaxImagePixels / height) return;
  throw io::FormatError(std::string(name) + ": " + std::to_string(width) + "x" + std::to_string(height) +
                        " pixels; a picture must have from 1 to " + std::to_string(kMaxImagePixels));
}

GreyImage decode_image(std::span<const std::byte> bytes, std::string_view name) {
  if (looks_like_png(bytes)) return decode_png(bytes, name);
  if (looks_like_pgm(bytes)) return decode_pgm(bytes, name);
  const char* what = bytes.empty()                ? "the file is empty"
                     : looks_like_web_page(bytes) ? "this looks like a web page, not like a picture"
                                                  : "neither a PNG nor a PGM picture";
  throw io::FormatError(std::string(name) + ": " + what);
}

GreyImage read_image(const std::filesystem::path& path) {
  constexpr std::uint64_t kMaxFile = std::uint64_t{1} << 27;
  return decode_image(io::read_file(path, kMaxFile), path.string());
}

}  // namespace xent::data
