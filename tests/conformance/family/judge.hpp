// Judgement of the answers to a case: the reference in double on the same bytes, and the errors that rounding
// allows.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "tests/conformance/family/case.hpp"
#include "tests/conformance/family/inputs.hpp"

namespace xent::testing::family {

/// Whether all outputs that the case asks for are within their bounds, and nothing beside them was written.
/// `inputs` as they were before the call.
::testing::AssertionResult judge(const Inputs& inputs, const Outputs& got);

/// Whether gradients computed from `lse` alone are within theirs.
::testing::AssertionResult judge_backward(const Inputs& inputs, const VectorBuffer& lse, const Outputs& got);

/// What a device answers to the inputs, which the gradients replace if their case says in place.
Outputs answer(Inputs& inputs, const Exec& exec);

/// The gradients from a given lse, one number per row.
Outputs answer_backward(Inputs& inputs, const VectorBuffer& lse, const Exec& exec);

/// Poses a case, and judges the answers. Exceptions are failures, too.
::testing::AssertionResult check(const Case& posed, const Exec& exec);

/// check(), and when it fails the simplest case that still does, described.
::testing::AssertionResult check_and_shrink(const Case& posed, const Exec& exec);

}  // namespace xent::testing::family
