// Error bounds of everything computed from one row of logits, from the constants in tolerance.hpp.
#pragma once

#include <cstddef>
#include <vector>

#include "tests/support/tolerance.hpp"

namespace xent::testing {

class RowBounds {
 public:
  RowBounds(const std::vector<double>& logits, const Tolerance& tolerance);

  /// Absolute error of p[c], before it is stored.
  double prob(std::size_t c) const;
  /// Of log p[c], before it is stored.
  double log_prob(std::size_t c) const;
  /// Of the loss, whose value is `loss`.
  double loss(double loss) const;
  double lse() const;
  /// Of Σ_{c ≠ y} p[c] or less: the target's p - 1.
  double others(std::size_t y) const;

 private:
  Tolerance tolerance_;
  std::vector<double> p_;
  std::vector<double> gap_;
  double max_;
  double log1p_rest_;
  double mean_gap_;       // Σ p·gap: what all gaps together do to the sum
  double rest_mean_gap_;  // the mean gap of the classes below the maximum, weighted by p
  double prob_sum_;       // Σ_c prob(c)
};

}  // namespace xent::testing
