// Warm-up, then constant, linear, exponential or cosine decay.
#include "host/mlp/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>

namespace xent::mlp {

double learning_rate(const Recipe& recipe, std::int64_t step, std::int64_t total) {
  const std::int64_t warmup = recipe.warmup_steps;
  if (step < warmup) {
    return recipe.lr * static_cast<double>(step + 1) / static_cast<double>(warmup + 1);
  }
  const auto decay_steps = static_cast<double>(std::max<std::int64_t>(total - 1 - warmup, 1));
  const double t = std::min(static_cast<double>(step - warmup) / decay_steps, 1.0);
  const double ratio = recipe.final_lr_ratio;
  switch (recipe.schedule) {
    case Schedule::constant: return recipe.lr;
    case Schedule::linear: return recipe.lr * (1.0 - (1.0 - ratio) * t);
    case Schedule::exponential: return recipe.lr * std::pow(ratio, t);
    case Schedule::cosine:
      return recipe.lr * (ratio + (1.0 - ratio) * 0.5 * (1.0 + std::cos(std::numbers::pi * t)));
  }
  return recipe.lr;
}

}  // namespace xent::mlp
