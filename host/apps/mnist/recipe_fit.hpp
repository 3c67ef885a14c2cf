// Whether a recipe suits the digits: what only shows once they are there.
#pragma once

#include "host/data/dataset.hpp"
#include "host/mlp/recipe.hpp"

namespace xent::mnist {

/// Throws UsageError naming the option to change, its value, and what these digits allow.
void check_fit(const mlp::Recipe& recipe, const data::Dataset& digits);

}  // namespace xent::mnist
