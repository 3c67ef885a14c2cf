// The learning rate at each step.
#pragma once

#include <cstdint>

#include "host/mlp/recipe.hpp"

namespace xent::mlp {

/// Learning rate of the 0-based `step` of a run of `total` steps.
///
/// During warm-up (step < w = warmup_steps): lr · (step + 1) / (w + 1), so that step w is the first at
/// full lr. After it, with t = (step - w) / (total - 1 - w) in [0, 1] and r = final_lr_ratio:
///   constant lr · 1;  linear lr · (1 - (1 - r)·t);  exponential lr · r^t;
///   cosine lr · (r + (1 - r)·(1 + cos πt) / 2).
double learning_rate(const Recipe& recipe, std::int64_t step, std::int64_t total);

}  // namespace xent::mlp
