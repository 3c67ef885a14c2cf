// Error bounds of everything computed from one row of logits, from the constants in tolerance.hpp.
#pragma once

#include <cstddef>
#include <vector>

#include "tests/support/tolerance.hpp"

namespace xent::testing {

/// Within its scope bounds are those of the kernels.
class DeviceArithmetic {
 public:
  DeviceArithmetic();
  ~DeviceArithmetic();
  DeviceArithmetic(const DeviceArithmetic&) = delete;
  DeviceArithmetic& operator=(const DeviceArithmetic&) = delete;
};

/// kGapUnits, or kDeviceGapUnits within a DeviceArithmetic's scope.
double gap_units();

class RowBounds {
 public:
  RowBounds(const std::vector<double>& logits, const Tolerance& tolerance);

  /// Absolute error of p[c], before it is stored.
  double prob(std::size_t c) const;
  /// Of log p[c], before it is stored.
  double log_prob(std::size_t c) const;
  /// Of the loss, whose value is `loss`. Beyond f32's range it may overflow for all logits but f64.
  double loss(double loss) const;
  double lse() const;
  /// Of Σ_{c ≠ y} p[c]: the target's 1 - p.
  double others(std::size_t y) const;

 private:
  double log_units() const { return kLogUnits + rest_mean_gap_ + sum_units_; }

  Tolerance tolerance_;
  std::vector<double> p_;
  std::vector<double> gap_;
  double max_;
  double log1p_rest_;
  double mean_gap_;       // Σ p·gap: what all gaps together do to the sum
  double rest_mean_gap_;  // the mean gap of the classes below the maximum, weighted by p
  double sum_units_;      // the reference's sum_error, in units
};

}  // namespace xent::testing
