// Formatting through to_chars: no locale, no format strings.
#include "host/apps/common/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

#include "host/apps/common/utf8.hpp"

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

/// The control characters of ASCII, and those of Latin-1 as UTF-8 has them.
bool is_control(std::string_view character) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(character[i]); };
  return byte(0) < 0x20 || byte(0) == 0x7F || (byte(0) == 0xC2 && byte(1) < 0xA0);
}

std::string in_base(unsigned char byte, int base, std::size_t digits) {
  std::array<char, 4> buffer{};
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), byte, base);
  const std::string text(buffer.data(), end.ptr);
  return std::string(digits - text.size(), '0') + text;
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
  if (!std::isfinite(value)) return fixed(value, 0);
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

std::string magnitude(double value) {
  if (value == 0.0 || !std::isfinite(value)) return fixed(value, 0);
  Buffer buffer{};
  const auto end =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific, 1);
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

std::string joined(const std::vector<std::int64_t>& numbers, std::string_view separator) {
  std::string text;
  for (const std::int64_t number : numbers)
    text += cat(text.empty() ? "" : separator, std::to_string(number));
  return text;
}

std::string right(std::string_view text, std::size_t width) {
  const std::size_t has = width_of(text);
  return std::string(width > has ? width - has : 0, ' ') + std::string(text);
}

std::string left(std::string_view text, std::size_t width) {
  const std::size_t has = width_of(text);
  return std::string(text) + std::string(width > has ? width - has : 0, ' ');
}

std::string printable(std::string_view text) {
  std::string safe;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = std::max<std::size_t>(character_length(text, i), 1);
    const std::string_view character = text.substr(i, length);
    if (character_length(text, i) > 0 && !is_control(character)) {
      safe += character;
    } else {
      for (const char c : character) safe += cat("\\x", in_base(static_cast<unsigned char>(c), 16, 2));
    }
    i += length;
  }
  return safe;
}

std::string shell_word(std::string_view text) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,=:+@%";
  if (!text.empty() && text.find_first_not_of(kPlain) == std::string_view::npos) return std::string(text);
  if (printable(text) != text) {
    std::string escaped = "$'";
    for (const char c : text) {
      const bool plain = kPlain.find(c) != std::string_view::npos;
      escaped += plain ? std::string(1, c) : cat("\\", in_base(static_cast<unsigned char>(c), 8, 3));
    }
    return escaped + "'";
  }
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

}  // namespace xent::apps
