// Rows of logits in every style.
#pragma once

#include <cstdint>
#include <vector>

#include "tests/conformance/family/case.hpp"

namespace xent::testing::family {

/// Row r of the case, of which class `label` may be the confident one; -1 for none.
std::vector<double> draw_row(const Case& posed, std::int64_t r, std::int64_t label);

}  // namespace xent::testing::family
