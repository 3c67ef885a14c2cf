// Comparison of a computed number with the reference's, within a bound.
#pragma once

#include <string_view>

#include <xent/dtype.hpp>

namespace xent::testing {

/// Within its scope close() prints nothing: its caller says more.
class Quiet {
 public:
  Quiet();
  ~Quiet();
  Quiet(const Quiet&) = delete;
  Quiet& operator=(const Quiet&) = delete;
};

/// Whether `got`, stored as `stored`, is within `bound` of `want` (the final rounding to `stored` is added
/// to it). NaN equals NaN; infinities must be equal; a finite `want` beyond the stored type's range may
/// come out infinite. Prints the numbers when false.
///
/// With XENT_SHOW_ERRORS set in the environment, the largest error / bound seen under each name is
/// printed when the program ends: how the constants of tolerance.hpp were chosen.
bool close(std::string_view name, double got, double want, double bound, DType stored);

}  // namespace xent::testing
