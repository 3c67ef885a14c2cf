// Gradients by finite differences of what they are the gradients of.
#pragma once

#include <cstddef>
#include <functional>
#include <vector>

#include <gtest/gtest.h>

namespace xent::testing {

using Objective = std::function<double(const std::vector<double>&)>;

/// Five-point central difference with step h = 1e-3: the truncation error h⁴·|f⁽⁵⁾|/30 is about 1e-13 for
/// functions of size 1, and rounding gives 1.5·2^-53·|f|/h, about 2e-13·|f|.
inline double central_difference(const Objective& f, std::vector<double> x, std::size_t i) {
  constexpr double kStep = 1e-3;
  const double centre = x[i];
  const auto at = [&](double offset) {
    x[i] = centre + offset;
    return f(x);
  };
  return (8.0 * (at(kStep) - at(-kStep)) - (at(2.0 * kStep) - at(-2.0 * kStep))) / (12.0 * kStep);
}

/// For objectives below 100.
inline void expect_gradient(const Objective& f, const std::vector<double>& x,
                            const std::vector<double>& grad) {
  constexpr double kBound = 2e-11;
  ASSERT_EQ(grad.size(), x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    EXPECT_NEAR(grad[i], central_difference(f, x, i), kBound) << "element " << i;
  }
}

}  // namespace xent::testing
