// Any picture of one digit, made to look like MNIST's.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "host/data/image.hpp"

namespace xent::data {

inline constexpr int kDigitSide = 28;
using Digit = std::array<std::uint8_t, std::size_t{kDigitSide} * kDigitSide>;

/// Light ink on a black ground, as MNIST has it: a light ground (judged by the picture's edge) is inverted,
/// the ink cropped, scaled into 20×20 with its proportions kept, and placed with its centre of mass in the
/// middle of 28×28. A picture of 28×28 is taken to be of that kind already, and at most inverted. Throws
/// io::FormatError, with `name` for the file, if nothing stands out from the ground.
Digit normalise_digit(const GreyImage& image, std::string_view name);

}  // namespace xent::data
