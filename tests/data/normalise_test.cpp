// Pictures of any size become MNIST-like digits: cropped, fitted, centred, light on dark.
#include "host/data/normalise.hpp"

#include <algorithm>
#include <cstdlib>

#include "host/data/synthetic.hpp"
#include "host/io/error.hpp"
#include "tests/io/error_matchers.hpp"

namespace xent::data {
namespace {

GreyImage canvas(std::int64_t height, std::int64_t width, std::uint8_t ground) {
  return {height, width, std::vector<std::uint8_t>(static_cast<std::size_t>(height * width), ground)};
}

void fill(GreyImage& image, std::int64_t top, std::int64_t left, std::int64_t height, std::int64_t width,
          std::uint8_t value) {
  for (std::int64_t row = top; row < top + height; ++row) {
    for (std::int64_t column = left; column < left + width; ++column) {
      image.pixels[static_cast<std::size_t>(row * image.width + column)] = value;
    }
  }
}

GreyImage synthetic_image(std::int64_t index, std::int64_t margin, std::int64_t zoom, bool light_ground) {
  const TrainTest digits = synthetic_digits({.train = index + 1, .test = 0});
  const auto source = digits.train.image(index);
  GreyImage image = canvas(28 * zoom + 2 * margin, 28 * zoom + 2 * margin, 0);
  for (std::int64_t i = 0; i < 784; ++i) {
    fill(image, margin + i / 28 * zoom, margin + i % 28 * zoom, zoom, zoom,
         source[static_cast<std::size_t>(i)]);
  }
  if (light_ground) {
    for (std::uint8_t& pixel : image.pixels) pixel = static_cast<std::uint8_t>(255 - pixel);
  }
  return image;
}

std::array<double, 2> centre_of_mass(const Digit& digit) {
  double mass = 0, row = 0, column = 0;
  for (std::size_t i = 0; i < digit.size(); ++i) {
    mass += digit[i];
    row += digit[i] * (static_cast<double>(i / 28) + 0.5);
    column += digit[i] * (static_cast<double>(i % 28) + 0.5);
  }
  return {row / mass, column / mass};
}

TEST(NormaliseDigit, LeavesADigitOfMnistsKindAlone) {
  const GreyImage image = synthetic_image(3, 0, 1, false);
  EXPECT_TRUE(std::ranges::equal(normalise_digit(image, "picture"), image.pixels));
}

TEST(NormaliseDigit, InvertsADarkDigitOnALightGround) {
  const GreyImage dark = synthetic_image(3, 0, 1, false);
  EXPECT_TRUE(std::ranges::equal(normalise_digit(synthetic_image(3, 0, 1, true), "picture"), dark.pixels));
}

TEST(NormaliseDigit, FitsABarInto20AndCentresIt) {
  GreyImage image = canvas(300, 200, 250);
  fill(image, 30, 120, 80, 40, 10);  // tall, and far from the middle
  Digit expected{};
  for (std::size_t row = 4; row < 24; ++row) {
    for (std::size_t column = 9; column < 19; ++column) expected[row * 28 + column] = 255;
  }
  EXPECT_EQ(normalise_digit(image, "picture"), expected);
}

TEST(NormaliseDigit, EnlargesATinyDigit) {
  GreyImage image = canvas(7, 9, 0);
  fill(image, 2, 5, 1, 1, 200);
  const Digit digit = normalise_digit(image, "picture");
  EXPECT_EQ(std::ranges::count(digit, 255), 400);
  EXPECT_EQ(std::ranges::count(digit, 0), 384);
}

TEST(NormaliseDigit, KeepsAHairlineOfAnyProportion) {
  GreyImage image = canvas(3, 5000, 0);
  fill(image, 1, 10, 1, 4900, 255);
  EXPECT_EQ(std::ranges::count(normalise_digit(image, "picture"), 255), 20);
}

TEST(NormaliseDigit, PutsTheCentreOfMassInTheMiddle) {
  for (std::int64_t index = 0; index < 40; ++index) {
    const Digit digit = normalise_digit(synthetic_image(index, 11, 3, true), "picture");
    const auto [row, column] = centre_of_mass(digit);
    EXPECT_NEAR(row, 14, 0.51) << index;
    EXPECT_NEAR(column, 14, 0.51) << index;
  }
}

TEST(NormaliseDigit, DoesNotCareAboutSizeMarginOrGround) {
  for (std::int64_t index = 0; index < 10; ++index) {
    const Digit digit = normalise_digit(synthetic_image(index, 5, 4, false), "picture");
    for (const auto& image : {synthetic_image(index, 40, 8, false), synthetic_image(index, 5, 4, true)}) {
      const Digit other = normalise_digit(image, "picture");
      for (std::size_t i = 0; i < digit.size(); ++i) EXPECT_NEAR(digit[i], other[i], 1) << index;
    }
  }
}

TEST(NormaliseDigit, StretchesWeakContrastToFullInk) {
  GreyImage image = canvas(50, 50, 180);
  fill(image, 10, 10, 20, 20, 120);
  EXPECT_EQ(std::ranges::count(normalise_digit(image, "picture"), 255), 400);
}

TEST(NormaliseDigit, RefusesABlankPicture) {
  EXPECT_ERROR(io::FormatError, "picture: no digit to be seen",
               normalise_digit(canvas(50, 50, 255), "picture"));
  EXPECT_ERROR(io::FormatError, "picture: no digit to be seen", normalise_digit(canvas(1, 1, 0), "picture"));
  EXPECT_ERROR(io::FormatError, "picture: no digit to be seen",
               normalise_digit(canvas(28, 28, 9), "picture"));
  GreyImage faint = canvas(50, 50, 200);
  fill(faint, 10, 10, 20, 20, 190);
  EXPECT_ERROR(io::FormatError, "picture: no digit to be seen", normalise_digit(faint, "picture"));
}

}  // namespace
}  // namespace xent::data
