// Divergence problems to pose to a backend, and the judgement of its answers.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "tests/conformance/problem.hpp"

namespace xent::testing {

enum class DivergenceOp : std::uint8_t { kl, js };
inline constexpr DivergenceOp kDivergences[] = {DivergenceOp::kl, DivergenceOp::js};

struct DivergenceSetting {
  const char* name = "default";
  DivergenceOp op = DivergenceOp::kl;
  Reduction reduction = Reduction::mean;
  double temperature = 1.0;
  double beta = 0.5;
  bool denominator_at = false;
  bool per_row_upstream = false;
  double scale = 1.0;
};

std::vector<DivergenceSetting> divergence_settings();

struct DivergenceProblem {
  DivergenceProblem(const DivergenceSetting& setting, DType dtype, Arrangement arrangement,
                    const Shape& shape, std::uint64_t seed);

  DivergenceOptions options() const;
  Upstream upstream() const;
  std::int64_t loss_size() const { return setting.reduction == Reduction::none ? shape.rows : 1; }
  void run(const DivergenceOutputs& outputs, const Exec& exec) const;
  std::string describe() const;

  DivergenceSetting setting;
  Shape shape;
  Arrangement arrangement;
  MatrixBuffer p_logits;
  MatrixBuffer q_logits;
  VectorBuffer upstream_values;
  VectorBuffer denominator;
};

/// All outputs, in buffers of their own.
struct DivergenceResults {
  explicit DivergenceResults(const DivergenceProblem& problem);
  DivergenceOutputs views() {
    return {.loss = loss.view(), .grad_p = grad_p.view(), .grad_q = grad_q.view()};
  }

  VectorBuffer loss;
  MatrixBuffer grad_p;
  MatrixBuffer grad_q;
};

/// Whether all outputs are within their bounds, and nothing outside their elements was written.
::testing::AssertionResult judge_divergence(const DivergenceProblem& problem, const DivergenceResults& got);

}  // namespace xent::testing
