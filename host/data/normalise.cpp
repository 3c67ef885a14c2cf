// MNIST's own recipe: crop, fit, centre by mass.
#include "host/data/normalise.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "host/io/error.hpp"

namespace xent::data {
namespace {

constexpr int kSide = kDigitSide;
constexpr int kBox = 20;               // the square MNIST fits a digit into
constexpr int kLeastContrast = 32;     // between ground and ink, of 255
constexpr double kInkThreshold = 0.2;  // of full ink: fainter pixels do not widen the crop

/// How much ink lies at each pixel, from 0 to 1. The number of pixels is limited, so an int holds a side.
struct Ink {
  int height = 0;
  int width = 0;
  std::vector<float> at{};
  double operator()(int row, int column) const {
    return at[static_cast<std::size_t>(row) * static_cast<std::size_t>(width) +
              static_cast<std::size_t>(column)];
  }
};

struct Box {
  int top = 0, left = 0, height = 0, width = 0;
};

/// The median of the edge: a stroke that runs off the page does not change it.
int ground_of(const GreyImage& image) {
  std::vector<std::uint8_t> edge;
  for (std::int64_t column = 0; column < image.width; ++column) {
    edge.push_back(image.at(0, column));
    edge.push_back(image.at(image.height - 1, column));
  }
  for (std::int64_t row = 0; row < image.height; ++row) {
    edge.push_back(image.at(row, 0));
    edge.push_back(image.at(row, image.width - 1));
  }
  const auto middle = edge.begin() + std::ssize(edge) / 2;
  std::nth_element(edge.begin(), middle, edge.end());
  return *middle;
}

Ink ink_of(const GreyImage& image, int ground, std::string_view name) {
  const auto [darkest, lightest] = std::ranges::minmax(image.pixels);
  const bool inverted = ground > 127;
  const int contrast = inverted ? ground - darkest : lightest - ground;
  if (contrast < kLeastContrast) {
    throw io::FormatError(std::string(name) + ": no digit to be seen: the picture is blank");
  }
  Ink ink{static_cast<int>(image.height), static_cast<int>(image.width), {}};
  ink.at.reserve(image.pixels.size());
  for (const std::uint8_t pixel : image.pixels) {
    const double value = inverted ? ground - pixel : pixel - ground;
    ink.at.push_back(static_cast<float>(std::clamp(value / contrast, 0.0, 1.0)));
  }
  return ink;
}

Box box_around(const Ink& ink) {
  int top = ink.height, left = ink.width, bottom = -1, right = -1;
  for (int row = 0; row < ink.height; ++row) {
    for (int column = 0; column < ink.width; ++column) {
      if (ink(row, column) < kInkThreshold) continue;
      top = std::min(top, row), bottom = std::max(bottom, row);
      left = std::min(left, column), right = std::max(right, column);
    }
  }
  return {top, left, bottom - top + 1, right - left + 1};
}

/// Mean ink over a rectangle with fractional edges.
double mean_over(const Ink& ink, double top, double left, double bottom, double right) {
  const auto overlap = [](int pixel, double from, double to) {
    return std::max(0.0, std::min(to, pixel + 1.0) - std::max(from, static_cast<double>(pixel)));
  };
  const auto end = [](double edge, int limit) { return std::min(static_cast<int>(std::ceil(edge)), limit); };
  double sum = 0;
  for (int row = static_cast<int>(top); row < end(bottom, ink.height); ++row) {
    for (int column = static_cast<int>(left); column < end(right, ink.width); ++column) {
      sum += ink(row, column) * overlap(row, top, bottom) * overlap(column, left, right);
    }
  }
  return sum / ((bottom - top) * (right - left));
}

Ink fit_into_box(const Ink& ink, const Box& box) {
  const double scale = static_cast<double>(kBox) / std::max(box.height, box.width);
  const auto side = [&](int n) { return std::max(1, static_cast<int>(std::lround(n * scale))); };
  Ink small{side(box.height), side(box.width), {}};
  const double tall = static_cast<double>(box.height) / small.height;
  const double wide = static_cast<double>(box.width) / small.width;
  for (int row = 0; row < small.height; ++row) {
    for (int column = 0; column < small.width; ++column) {
      const double top = box.top + row * tall;
      const double left = box.left + column * wide;
      small.at.push_back(static_cast<float>(mean_over(ink, top, left, top + tall, left + wide)));
    }
  }
  return small;
}

/// Where the first row (or column) goes for the centre of mass to lie in the middle, the whole staying
/// inside.
int centred(double mass_centre, int extent) {
  return std::clamp(static_cast<int>(std::lround(kSide / 2.0 - mass_centre)), 0, kSide - extent);
}

Digit place_by_mass(const Ink& ink) {
  double mass = 0, row_moment = 0, column_moment = 0;
  for (int row = 0; row < ink.height; ++row) {
    for (int column = 0; column < ink.width; ++column) {
      mass += ink(row, column);
      row_moment += ink(row, column) * (row + 0.5);
      column_moment += ink(row, column) * (column + 0.5);
    }
  }
  const int top = centred(row_moment / mass, ink.height);
  const int left = centred(column_moment / mass, ink.width);
  Digit digit{};
  for (int row = 0; row < ink.height; ++row) {
    std::uint8_t* out = digit.data() + static_cast<std::ptrdiff_t>(top + row) * kSide + left;
    for (int column = 0; column < ink.width; ++column) {
      *out++ = static_cast<std::uint8_t>(std::lround(255 * ink(row, column)));
    }
  }
  return digit;
}

}  // namespace

Digit normalise_digit(const GreyImage& image, std::string_view name) {
  const int ground = ground_of(image);
  const Ink ink = ink_of(image, ground, name);
  if (image.height == kDigitSide && image.width == kDigitSide) {
    Digit digit{};
    std::ranges::transform(image.pixels, digit.begin(), [&](std::uint8_t pixel) {
      return static_cast<std::uint8_t>(ground > 127 ? 255 - pixel : pixel);
    });
    return digit;
  }
  return place_by_mass(fit_into_box(ink, box_around(ink)));
}

}  // namespace xent::data
