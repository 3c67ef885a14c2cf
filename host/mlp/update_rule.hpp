// The scalars of one optimizer step, worked out once in double for all parameters.
#pragma once

#include <cstdint>

#include "host/mlp/recipe.hpp"
#include "kernels/mlp/arguments.hpp"

namespace xent::mlp {

/// With g the gradient plus coupled_decay · w, and w first scaled by shrink:
///   Adam, AdamW: m ← m + (1-β1)·(g - m);  v ← β2·v + (1-β2)·g²;
///                w ← w - step_size · m / (√v · denominator_scale + ε)
///   SGD:         m ← momentum·m + g;      w ← w - step_size · m
struct UpdateRule {
  bool adaptive = true;  ///< Adam or AdamW
  double shrink = 1.0;
  double coupled_decay = 0.0;
  double step_size = 0.0;
  double momentum = 0.0;
  double beta1 = 0.0;
  double beta2 = 0.0;
  double denominator_scale = 1.0;
  double epsilon = 0.0;
};

/// The rule as loops in f32 take it, each number rounded once.
struct UpdateRuleF32 : gpu::UpdateScalars {
  bool adaptive = true;
};

UpdateRuleF32 in_f32(const UpdateRule& rule);

/// PyTorch's definitions; `step` counts from 0, `lr` is that step's.
UpdateRule update_rule(const Recipe& recipe, std::int64_t step, double lr);

}  // namespace xent::mlp
