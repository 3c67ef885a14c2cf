// One decoder per picture format, behind decode_image().
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "host/data/image.hpp"

namespace xent::data {

bool looks_like_png(std::span<const std::byte> bytes);
GreyImage decode_png(std::span<const std::byte> bytes, std::string_view name);

bool looks_like_pgm(std::span<const std::byte> bytes);
GreyImage decode_pgm(std::span<const std::byte> bytes, std::string_view name);

/// Throws io::FormatError unless both sides are at least 1 and their product at most kMaxImagePixels.
void check_image_size(std::int64_t height, std::int64_t width, std::string_view name);

}  // namespace xent::data
