// Errors of a row's transformed logits, and of the probabilities and log-losses that come of them.
#pragma once

#include "tests/conformance/family/row_errors.hpp"

namespace xent::testing::family {

/// Of z, and of ∂z/∂x.
struct TransformErrors {
  explicit TransformErrors(const RowQuestion& row);

  reference::Row z;
  reference::Row dz;
  reference::Row slope;
  reference::Row dslope;
  double largest = 0.0;  ///< |number| that the arithmetic meets
};

/// Absolute errors of the members of reference::Distribution.
struct DistributionErrors {
  DistributionErrors(const RowQuestion& row, const TransformErrors& transform);
  DistributionErrors(const RowQuestion& row, const TransformErrors& transform, double saved_lse,
                     double lse_unit);

  reference::Distribution of;
  reference::Row p;
  reference::Row others;
  reference::Row log_loss;
  double lse = 0.0;
  double entropy = 0.0;
  double off_one = 0.0;  ///< how far a saved lse may be off what Σ p = 1 wants
  bool settled = true;   ///< which class is the largest does not hang on rounding

 private:
  void add_entropy(double unit, double tiny);
};

}  // namespace xent::testing::family
