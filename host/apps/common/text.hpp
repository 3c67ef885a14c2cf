// Numbers and durations as people read them. Independent of the locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xent::apps {

/// The parts one after the other, each a string or what converts to a string_view.
template <class... Parts>
std::string cat(const Parts&... parts) {
  std::string text;
  (text.append(std::string_view(parts)), ...);
  return text;
}

/// 3.14159, 2 → "3.14"; nan (whatever its sign) and inf as such.
std::string fixed(double value, int decimals);
/// Fewest digits that read back as the same number: 0.01 → "0.01"; with an exponent only if very large or
/// small; nan and inf as such.
std::string shortest(double value);
/// Four decimals, for losses; with an exponent from 100000 on.
std::string compact(double value);
/// 0.000123 → "1.2e-04", for errors; 0 → "0".
std::string magnitude(double value);
/// 0.98314, 2 → "98.31 %".
std::string percent(double fraction, int decimals = 2);
/// 60000 → "60,000".
std::string grouped(std::int64_t value);
/// Three significant digits with k or M: 41234 → "41.2 k".
std::string rounded_count(double value);
/// 75.2 → "1:15", 3675 → "1:01:15".
std::string clock(double seconds);
/// 0.0421 → "42 ms", 3.14 → "3.1 s", 75 → "1:15 min".
std::string elapsed(double seconds);

/// {784, 512, 10}, "-" → "784-512-10".
std::string joined(const std::vector<std::int64_t>& numbers, std::string_view separator);

/// Spaces before or after, up to `width` characters (of one column each).
std::string right(std::string_view text, std::size_t width);
std::string left(std::string_view text, std::size_t width);

/// What is safe to print: control characters, and bytes that are not UTF-8, as \xNN.
std::string printable(std::string_view text);

/// `text` as one word of a POSIX shell, quoted only where it must be; control characters as $'\NNN'.
std::string shell_word(std::string_view text);

}  // namespace xent::apps
