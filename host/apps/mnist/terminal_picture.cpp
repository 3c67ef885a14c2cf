// Grey levels to characters.
#include "host/apps/mnist/terminal_picture.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "host/apps/common/text.hpp"

namespace xent::mnist {
namespace {

constexpr int kBarWidth = 24;

/// The 24 greys of the 256-colour palette.
std::string grey(int level) { return std::to_string(232 + level * 23 / 255); }

/// The escape that sets a half block's upper colour (its ink) and lower one (its ground).
std::string half_block_colours(int top, int bottom) {
  return apps::cat("\x1b[38;5;", grey(top), ";48;5;", grey(bottom), "m");
}

template <std::size_t N>
std::string shade(int level, const std::array<const char*, N>& ramp) {
  return ramp.at(static_cast<std::size_t>(level) * N / 256);
}

std::string bar(double probability, const apps::Style& style) {
  const double length = std::clamp(probability, 0.0, 1.0) * kBarWidth;
  if (!style.unicode) {
    const auto full = static_cast<std::size_t>(std::lround(length));
    return std::string(full, '#') + std::string(kBarWidth - full, ' ');
  }
  constexpr std::array kEighths{"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
  const auto eighths = static_cast<std::size_t>(std::lround(length * 8));
  std::string text;
  for (std::size_t i = 0; i < eighths / 8; ++i) text += "█";
  return apps::left(text + kEighths.at(eighths % 8), kBarWidth);
}

}  // namespace

std::vector<std::string> picture(std::span<const std::uint8_t> pixels, std::int64_t height,
                                 std::int64_t width, const apps::Style& style) {
  constexpr std::array kShades{" ", "░", "▒", "▓", "█"};
  constexpr std::array kAscii{" ", ".", ":", "-", "=", "+", "*", "#", "%", "@"};
  const auto level = [&](std::int64_t row, std::int64_t column) {
    return row < height ? static_cast<int>(pixels[static_cast<std::size_t>(row * width + column)]) : 0;
  };
  std::vector<std::string> lines;
  for (std::int64_t row = 0; row < height; row += 2) {
    std::string line;
    std::string colours;
    for (std::int64_t column = 0; column < width; ++column) {
      const int top = level(row, column);
      const int bottom = level(row + 1, column);
      if (style.unicode && style.colour) {
        const std::string wanted = half_block_colours(top, bottom);
        line += apps::cat(wanted == colours ? "" : wanted, "▀");
        colours = wanted;
      } else {
        const int mean = (top + bottom) / 2;
        line += style.unicode ? shade(mean, kShades) : shade(mean, kAscii);
      }
    }
    if (style.unicode && style.colour) line += "\x1b[0m";
    lines.push_back(std::move(line));
  }
  return lines;
}

std::vector<std::string> probability_bars(std::span<const float> probabilities, int predicted,
                                          const apps::Style& style) {
  std::vector<std::string> lines;
  for (std::size_t c = 0; c < probabilities.size(); ++c) {
    const bool chosen = static_cast<int>(c) == predicted;
    const char* mark = !chosen ? "" : style.unicode ? " ◀" : " <";
    std::string line = apps::cat(apps::right(std::to_string(c), 2), " ", bar(probabilities[c], style), " ",
                                 apps::right(apps::percent(probabilities[c], 1), 7), mark);
    if (chosen && style.colour) line = apps::cat("\x1b[1m", line, "\x1b[0m");
    lines.push_back(std::move(line));
  }
  return lines;
}

std::string beside(const std::vector<std::string>& left, std::size_t left_width,
                   const std::vector<std::string>& right) {
  const std::size_t height = std::max(left.size(), right.size());
  const std::size_t left_from = (height - left.size()) / 2;
  const std::size_t right_from = (height - right.size()) / 2;
  std::string text;
  for (std::size_t i = 0; i < height; ++i) {
    const bool has_left = i >= left_from && i - left_from < left.size();
    const bool has_right = i >= right_from && i - right_from < right.size();
    text += has_left ? left[i - left_from] : std::string(left_width, ' ');
    if (has_right) text += apps::cat("   ", right[i - right_from]);
    text += '\n';
  }
  return text;
}

}  // namespace xent::mnist
