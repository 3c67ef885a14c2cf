// A digit and its probabilities as lines of text.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "host/apps/common/terminal.hpp"

namespace xent::mnist {

/// Two rows of pixels to a line, for characters are twice as high as wide: half blocks in shades of grey
/// with colour, shade characters with Unicode alone, else ASCII. Every line shows `width` columns.
std::vector<std::string> picture(std::span<const std::uint8_t> pixels, std::int64_t height,
                                 std::int64_t width, const apps::Style& style);

/// A line per class: class, bar, per cent, and a mark at `predicted`.
std::vector<std::string> probability_bars(std::span<const float> probabilities, int predicted,
                                          const apps::Style& style);

/// The two side by side, the bars in the middle of the picture's height. Ends with a newline.
std::string beside(const std::vector<std::string>& left, std::size_t left_width,
                   const std::vector<std::string>& right);

}  // namespace xent::mnist
