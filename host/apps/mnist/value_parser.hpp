// Text of the command line to values, with the range each option allows.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace xent::mnist {

/// lo ≤ value ≤ hi.
struct Integers {
  std::uint64_t lo = 0;
  std::uint64_t hi = 0;
};

/// lo ≤ value ≤ hi, an end left out where it is open.
struct Reals {
  double lo = 0.0;
  double hi = 0.0;
  bool lo_open = false;
  bool hi_open = false;
};

/// Comma-separated layer widths.
struct Widths {
  std::uint64_t most = 0;  ///< of one layer
  std::size_t max_layers = 0;
  std::uint64_t most_weights = 0;  ///< between all of them
};

/// One word of a short list; unused places at the end are null.
struct Words {
  std::array<const char*, 4> words{};

  std::size_t size() const;
  std::size_t index_of(std::string_view word) const;  ///< size() if it is none of them
};

/// "1 to 10000", "above 0 up to 1000", "0 to below 1": short, for the help; empty where there is none.
std::string limits(const Integers& range);
std::string limits(const Reals& range);
inline std::string limits(const Widths&) { return {}; }
inline std::string limits(const Words&) { return {}; }

/// "an integer from 1 to 10000" and the like: ends the sentence "give …".
std::string allowed(const Integers& range);
std::string allowed(const Reals& range);
std::string allowed(const Widths& range);
std::string allowed(const Words& range);

/// Each throws UsageError "<option>: '<text>' is not allowed; give <range>". The whole text must be the
/// value.
std::uint64_t parse(std::string_view option, std::string_view text, const Integers& range);
double parse(std::string_view option, std::string_view text, const Reals& range);
std::vector<std::int64_t> parse(std::string_view option, std::string_view text, const Widths& range);
std::string parse(std::string_view option, std::string_view text, const Words& range);

}  // namespace xent::mnist
