// How wrong a row's results may be: rounding of the transformed logits, of exponentials, sums and powers,
// carried through the formulas of xent/cross_entropy.hpp to first order.
#pragma once

#include <cstdint>
#include <optional>

#include <xent/cross_entropy.hpp>

#include "host/reference/row_loss.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing::family {

/// Absolute errors, before a value is rounded to be stored. Infinite where a result says nothing: the
/// arithmetic overflows, or logits are rounded by so much that any class may be the largest.
struct RowErrors {
  double lse = 0.0;
  double loss = 0.0;
  double log_prob = 0.0;
  double entropy = 0.0;
  reference::Row grad{};
  reference::Row grad_targets{};
  bool lost = false;    ///< all are infinite
  reference::Row z{};   ///< as the reference has them
  reference::Row dz{};  ///< all 0 if nothing is transformed: then ranks are exact
};

/// One row, as the reference sees it.
struct RowQuestion {
  reference::Row x{};
  reference::RowTarget target{};
  std::int64_t label = -1;
  const LossOptions& options;
  reference::RowUpstream upstream{};
  Tolerance tolerance{};
};

/// Of cross_entropy.
RowErrors row_errors(const RowQuestion& row);

/// Of cross_entropy_backward from an lse that was rounded by `lse_unit`, but is taken as exact.
RowErrors row_errors(const RowQuestion& row, double lse, double lse_unit);

}  // namespace xent::testing::family
