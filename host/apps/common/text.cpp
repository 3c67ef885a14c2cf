// Formatting through to_chars: no locale, no format strings.
#include "host/apps/common/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace xent::apps {
namespace {

// Enough for any double in fixed notation with the few decimals used here.
using Buffer = std::array<char, 384>;

std::string two_digits(std::int64_t value) {
  return std::string(value < 10 ? 1 : 0, '0') + std::to_string(value);
}

// Columns of UTF-8 text whose every character takes one: bytes that do not continue a character.
std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(
      text.begin(), text.end(), [](char c) { return (static_cast<unsigned>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace

std::string fixed(double value, int decimals) {
  if (std::isnan(value)) return "nan";  // its sign means nothing
  Buffer buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::fixed, decimals);
  return {buffer.data(), end.ptr};
}

std::string shortest(double value) {
  Buffer buffer{};
  const double size = std::abs(value);
  const bool plain = size == 0.0 || (size >= 1e-6 && size < 1e9);
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value,
                                 plain ? std::chars_format::fixed : std::chars_format::general);
  return {buffer.data(), end.ptr};
}

std::string compact(double value) {
  if (!(std::abs(value) >= 1e5) || !std::isfinite(value)) return fixed(value, 4);
  Buffer buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific, 2);
  return {buffer.data(), end.ptr};
}

std::string percent(double fraction, int decimals) { return fixed(100.0 * fraction, decimals) + " %"; }

std::string grouped(std::int64_t value) {
  std::string digits = std::to_string(value);
  const std::size_t first = value < 0 ? 1 : 0;
  for (std::size_t at = digits.size(); at > first + 3;) digits.insert(at -= 3, 1, ',');
  return digits;
}

std::string rounded_count(double value) {
  if (!std::isfinite(value)) return "?";
  const bool millions = value >= 999'500.0;
  const bool thousands = !millions && value >= 999.5;
  const double scaled = millions ? value / 1e6 : thousands ? value / 1e3 : value;
  const int decimals = !thousands && !millions ? 0 : scaled < 9.995 ? 2 : scaled < 99.95 ? 1 : 0;
  return fixed(scaled, decimals) + (millions ? " M" : thousands ? " k" : "");
}

std::string clock(double seconds) {
  if (!std::isfinite(seconds) || seconds < 0 || seconds > 359'999.0) return "?";
  const std::int64_t all = std::llround(seconds);
  const std::string tail = two_digits(all % 60);
  if (all < 3600) return std::to_string(all / 60) + ":" + tail;
  return std::to_string(all / 3600) + ":" + two_digits(all / 60 % 60) + ":" + tail;
}

std::string elapsed(double seconds) {
  if (seconds < 0.9995) return fixed(1e3 * seconds, 0) + " ms";
  if (seconds < 59.95) return fixed(seconds, 1) + " s";
  return clock(seconds) + (seconds < 3599.5 ? " min" : " h");
}

std::string right(std::string_view text, std::size_t width) {
  const std::size_t has = width_of(text);
  return std::string(width > has ? width - has : 0, ' ') + std::string(text);
}

std::string left(std::string_view text, std::size_t width) {
  const std::size_t has = width_of(text);
  return std::string(text) + std::string(width > has ? width - has : 0, ' ');
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,=:+@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace xent::apps
