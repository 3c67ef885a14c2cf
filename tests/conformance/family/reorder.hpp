// The same problem with its rows or classes in another order.
#pragma once

#include "tests/conformance/family/inputs.hpp"

namespace xent::testing::family {

/// Last row first: logits, targets and what comes per row.
void reverse_rows(Inputs& inputs);

/// Last class first, of those that exist: logits, soft targets, labels, weights, bias.
void reverse_classes(Inputs& inputs);
/// The gradients' classes back in their order.
void reverse_classes(const Inputs& inputs, Outputs& outputs);

}  // namespace xent::testing::family
