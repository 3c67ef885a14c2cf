// Strict parsing: no leading blanks, no trailing letters, no silent saturation.
#include "host/apps/mnist/value_parser.hpp"

#include <algorithm>
#include <charconv>
#include <optional>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/errors.hpp"

namespace xent::mnist {
namespace {

template <class T>
std::optional<T> whole(std::string_view text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

template <class Range>
[[noreturn]] void refuse(std::string_view option, std::string_view text, const Range& range) {
  throw UsageError(std::string(option) + ": '" + std::string(text) + "' is not allowed; give " +
                   allowed(range));
}

}  // namespace

std::size_t Words::size() const {
  return static_cast<std::size_t>(std::find(words.begin(), words.end(), nullptr) - words.begin());
}

std::size_t Words::index_of(std::string_view word) const {
  const auto end = words.begin() + static_cast<std::ptrdiff_t>(size());
  return static_cast<std::size_t>(std::find(words.begin(), end, word) - words.begin());
}

std::string limits(const Integers& range) {
  const bool all = range.hi == UINT64_MAX;
  return apps::cat(std::to_string(range.lo), " to ", all ? "2^64 - 1" : std::to_string(range.hi));
}

std::string limits(const Reals& range) {
  return apps::cat(range.lo_open ? "above " : "", apps::shortest(range.lo),
                   range.hi_open   ? " to below "
                   : range.lo_open ? " up to "
                                   : " to ",
                   apps::shortest(range.hi));
}

std::string allowed(const Integers& range) { return apps::cat("an integer from ", limits(range)); }

std::string allowed(const Reals& range) {
  return apps::cat(range.lo_open ? "a number " : "a number from ", limits(range));
}

std::string allowed(const Widths& range) {
  return "2 to " + std::to_string(range.max_layers) + " layer widths from 1 to " +
         std::to_string(range.most) + " separated by commas, e.g. 784,512,10, with at most " +
         std::to_string(range.most_weights) + " weights between them";
}

std::string allowed(const Words& range) {
  std::string list = "one of";
  for (std::size_t i = 0; i < range.size(); ++i) list += std::string(i == 0 ? " " : ", ") + range.words.at(i);
  return list;
}

std::uint64_t parse(std::string_view option, std::string_view text, const Integers& range) {
  const auto value = whole<std::uint64_t>(text);
  if (!value || *value < range.lo || *value > range.hi) refuse(option, text, range);
  return *value;
}

double parse(std::string_view option, std::string_view text, const Reals& range) {
  const auto value = whole<double>(text);
  // Written so that NaN fails.
  const bool above = value && (range.lo_open ? *value > range.lo : *value >= range.lo);
  const bool below = value && (range.hi_open ? *value < range.hi : *value <= range.hi);
  if (!above || !below) refuse(option, text, range);
  return *value;
}

std::vector<std::int64_t> parse(std::string_view option, std::string_view text, const Widths& range) {
  std::vector<std::int64_t> widths;
  std::uint64_t weights = 0;
  for (std::size_t begin = 0; begin <= text.size();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    const auto width = whole<std::uint64_t>(text.substr(begin, end - begin));
    if (!width || *width < 1 || *width > range.most) refuse(option, text, range);
    if (!widths.empty()) weights += static_cast<std::uint64_t>(widths.back()) * *width;
    if (weights > range.most_weights || widths.size() == range.max_layers) refuse(option, text, range);
    widths.push_back(static_cast<std::int64_t>(*width));
    begin = end + 1;
  }
  if (widths.size() < 2) refuse(option, text, range);
  return widths;
}

std::string parse(std::string_view option, std::string_view text, const Words& range) {
  if (range.index_of(text) == range.size()) refuse(option, text, range);
  return std::string(text);
}

}  // namespace xent::mnist
