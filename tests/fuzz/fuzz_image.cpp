// PNG and PGM, and the way from a picture to a digit: any bytes give 28×28 pixels or a FormatError.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "host/data/image.hpp"
#include "host/data/normalise.hpp"
#include "host/io/error.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const auto image = xent::data::decode_image(std::as_bytes(std::span(data, size)), "input");
    if (std::ssize(image.pixels) != image.height * image.width) std::abort();
    xent::data::normalise_digit(image, "input");
  } catch (const xent::io::FormatError&) {
  }
  return 0;
}
