// Adam (Kingma and Ba, arXiv:1412.6980), AdamW (Loshchilov and Hutter, arXiv:1711.05101), SGD with momentum.
#include "host/mlp/update_rule.hpp"

#include <cmath>

namespace xent::mlp {

UpdateRule update_rule(const Recipe& recipe, std::int64_t step, double lr) {
  if (recipe.optimizer == Optimizer::sgd) {
    return {.adaptive = false,
            .coupled_decay = recipe.weight_decay,
            .step_size = lr,
            .momentum = recipe.momentum};
  }
  const auto t = static_cast<double>(step + 1);
  const double correction1 = 1.0 - std::pow(recipe.beta1, t);
  const double correction2 = 1.0 - std::pow(recipe.beta2, t);
  const bool decoupled = recipe.optimizer == Optimizer::adamw;
  return {.adaptive = true,
          .shrink = decoupled ? 1.0 - lr * recipe.weight_decay : 1.0,
          .coupled_decay = decoupled ? 0.0 : recipe.weight_decay,
          .step_size = lr / correction1,
          .beta1 = recipe.beta1,
          .beta2 = recipe.beta2,
          .denominator_scale = 1.0 / std::sqrt(correction2),
          .epsilon = recipe.epsilon};
}

UpdateRuleF32 in_f32(const UpdateRule& rule) {
  const auto f32 = [](double x) { return static_cast<float>(x); };
  return {{.shrink = f32(rule.shrink),
           .coupled_decay = f32(rule.coupled_decay),
           .step_size = f32(rule.step_size),
           .momentum = f32(rule.momentum),
           .keep1 = f32(1.0 - rule.beta1),
           .beta2 = f32(rule.beta2),
           .keep2 = f32(1.0 - rule.beta2),
           .denominator_scale = f32(rule.denominator_scale),
           .epsilon = f32(rule.epsilon)},
          rule.adaptive};
}

}  // namespace xent::mlp
