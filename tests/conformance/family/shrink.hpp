// From a case that fails to a simple one that still does.
#pragma once

#include <functional>

#include "tests/conformance/family/case.hpp"

namespace xent::testing::family {

/// Options dropped one by one, fewer rows, classes and outputs, a simpler layout and type, for as long as
/// `fails` stays true of what is left. `posed` fails.
Case shrink(Case posed, const std::function<bool(const Case&)>& fails);

}  // namespace xent::testing::family
