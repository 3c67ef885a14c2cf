// The numbers of a case in memory, and memory for its results.
#pragma once

#include <cstdint>
#include <optional>

#include "tests/conformance/family/case.hpp"
#include "tests/support/buffers.hpp"

namespace xent::testing::family {

/// Two of the same case hold the same bytes.
class Inputs {
 public:
  explicit Inputs(const Case& posed);

  TargetView target() const;
  LossOptions options() const;
  Upstream upstream() const;
  std::optional<std::int64_t> ignore_index() const;
  bool same_bytes(const Inputs& other) const;

  Case posed;
  MatrixBuffer logits;
  MatrixBuffer soft;
  IndexBuffer labels;
  VectorBuffer weights;
  VectorBuffer bias;
  VectorBuffer denominator_at;
  VectorBuffer values;
  VectorBuffer upstream_lse;
  VectorBuffer upstream_log_prob;
  VectorBuffer upstream_entropy;

 private:
  void fill_labels();
  void fill_bias();
  void fill_weights();
  void fill_row(std::int64_t r);
  void fill_soft_row(std::int64_t r);
  void fill_upstream();
};

struct Outputs {
  explicit Outputs(const Inputs& inputs);
  /// Those that the case asks for; gradients in place of `inputs` if it says so.
  CrossEntropyOutputs views(Inputs& inputs);
  bool gaps_untouched() const;

  VectorBuffer loss;
  VectorBuffer row_loss;
  VectorBuffer lse;
  VectorBuffer log_prob;
  VectorBuffer entropy;
  VectorBuffer divisor;
  IndexBuffer argmax;
  IndexBuffer target_rank;
  MatrixBuffer grad;
  MatrixBuffer grad_targets;
  Count correct{-7};
  Count top_k{-7};
  Count valid{-7};
};

/// A matrix of the same type and layout, with nothing in it yet.
MatrixBuffer like(const MatrixBuffer& matrix);

}  // namespace xent::testing::family
