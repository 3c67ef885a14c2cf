// The running normaliser of a softmax row as (max, rest): Σ_c exp(z[c]) = exp(max) · (1 + rest).
//
// The usual online softmax keeps (max, Σ exp(z - max)), whose sum holds the maximum's own 1. In a row
// that is sure of its class all the rest is then rounded away against that 1: lse - z and 1 - p come
// out as 0. Leaving the 1 out keeps every digit of the rest, at no cost: log(1 + rest) is log1p(rest).
#pragma once

#include <cmath>
#include <limits>

namespace xent::cpu {

struct MaxRest {
  /// The identity: no elements, so max = -inf and a sum 1 + rest of 0.
  double max = -std::numeric_limits<double>::infinity();
  double rest = -1.0;

  double sum() const { return 1.0 + rest; }  ///< Σ exp(z - max)
  double log_sum() const { return std::log1p(rest); }
  double lse() const { return max + log_sum(); }
};

/// exp(lower - upper) for lower ≤ upper, and 1 for equal ones even if infinite.
inline double decay(double lower, double upper) { return lower == upper ? 1.0 : std::exp(lower - upper); }

/// The state of both parts' elements together: associative and commutative up to rounding.
inline MaxRest merge(const MaxRest& a, const MaxRest& b) {
  const MaxRest& high = b.max > a.max ? b : a;
  const MaxRest& low = b.max > a.max ? a : b;
  return {high.max, high.rest + low.sum() * decay(low.max, high.max)};
}

}  // namespace xent::cpu
