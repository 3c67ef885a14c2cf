// Judgement of a backend's answers: the reference in double on the same bytes, and the error bounds.
#pragma once

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "tests/conformance/problem.hpp"

namespace xent::testing {

/// Whether all outputs are within their bounds, and nothing outside their elements was written.
::testing::AssertionResult judge_cross_entropy(const LossProblem& problem, const LossOutputs& got);

/// Whether a gradient computed from `lse` alone is within its bounds.
::testing::AssertionResult judge_cross_entropy_backward(const LossProblem& problem, const VectorBuffer& lse,
                                                        const MatrixBuffer& grad);

enum class SoftmaxOp : std::uint8_t { softmax, log_softmax };
::testing::AssertionResult judge_softmax(SoftmaxOp op, const MatrixBuffer& logits, const MatrixBuffer& got);

/// `saved`: the forward function's output as the backend was given it.
::testing::AssertionResult judge_softmax_backward(SoftmaxOp op, const MatrixBuffer& saved,
                                                  const MatrixBuffer& upstream, const MatrixBuffer& got);

}  // namespace xent::testing
