// Binary cross-entropy problems to pose to a backend, and the judgement of its answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "tests/conformance/problem.hpp"

namespace xent::testing {

struct BinarySetting {
  const char* name = "default";
  Reduction reduction = Reduction::mean;
  bool class_weights = false;
  bool pos_weight = false;
  bool upstream_values = false;  ///< one per element
  bool upstream_value = false;
  bool denominator_at = false;
  double scale = 1.0;
};

/// Every option on and off, in combinations.
std::vector<BinarySetting> binary_settings();

struct BinaryProblem {
  BinaryProblem(const BinarySetting& setting, DType dtype, Arrangement arrangement, const Shape& shape,
                std::uint64_t seed);

  BinaryCrossEntropyOptions options() const;
  BinaryCrossEntropyUpstream upstream() const;
  std::string describe() const;

  BinarySetting setting;
  Shape shape;
  Arrangement arrangement;
  MatrixBuffer logits;
  MatrixBuffer targets;
  MatrixBuffer upstream_values;
  VectorBuffer class_weights;
  VectorBuffer pos_weight;
  VectorBuffer numbers;  ///< the upstream's value and the denominator
};

/// All outputs, in buffers of their own.
struct BinaryOutputs {
  explicit BinaryOutputs(const BinaryProblem& problem);
  BinaryCrossEntropyOutputs views();

  bool reduced;
  MatrixBuffer losses;
  VectorBuffer loss;
  MatrixBuffer grad;
  MatrixBuffer grad_targets;
};

/// Whether all outputs are within their bounds, and nothing outside their elements was written.
::testing::AssertionResult judge_binary_cross_entropy(const BinaryProblem& problem, const BinaryOutputs& got);

}  // namespace xent::testing
