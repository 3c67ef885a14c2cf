// From the logits that a call is given to those its softmax is taken of, and back.
#pragma once

#include <xent/options.hpp>

#include "host/reference/row.hpp"

namespace xent::reference {

/// How many classes exist at most: the row's first ones.
std::int64_t valid_classes(const LogitTransform& transform, std::int64_t classes);

/// z of the first valid_classes logits, -inf where masked.
Row transformed(const Row& logits, const LogitTransform& transform);

/// ∂z[c]/∂x[c].
double slope(const LogitTransform& transform, std::size_t c, double logit);

}  // namespace xent::reference
