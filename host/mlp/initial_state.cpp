// The weights a run starts from.
#include <cmath>

#include "host/mlp/backend.hpp"
#include "host/mlp/random.hpp"

namespace xent::mlp {
namespace {

Parameter initial_parameter(const Recipe& recipe, Purpose purpose, std::size_t layer, std::int64_t inputs,
                            std::int64_t size) {
  Parameter parameter;
  const auto n = static_cast<std::size_t>(size);
  parameter.value.resize(n);
  parameter.moment1.assign(n, 0.0);
  if (recipe.optimizer != Optimizer::sgd) parameter.moment2.assign(n, 0.0);
  fill_uniform(RandomStream(recipe.seed, purpose, 0, static_cast<std::uint32_t>(layer)),
               1.0 / std::sqrt(static_cast<double>(inputs)), parameter.value);
  return parameter;
}

}  // namespace

NetworkState initial_state(const Recipe& recipe) {
  NetworkState state;
  for (std::size_t layer = 0; layer + 1 < recipe.layers.size(); ++layer) {
    const std::int64_t inputs = recipe.layers[layer];
    const std::int64_t outputs = recipe.layers[layer + 1];
    state.push_back(
        {.inputs = inputs,
         .outputs = outputs,
         .weight = initial_parameter(recipe, Purpose::weight_init, layer, inputs, inputs * outputs),
         .bias = initial_parameter(recipe, Purpose::bias_init, layer, inputs, outputs)});
  }
  return state;
}

}  // namespace xent::mlp
