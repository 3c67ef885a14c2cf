// The recipe's dropout as kernels take it.
#pragma once

#include "host/mlp/random.hpp"
#include "host/mlp/recipe.hpp"
#include "kernels/mlp/arguments.hpp"

namespace xent::mlp {

/// What an element that is kept is multiplied by.
inline float keep_scale(double probability) { return static_cast<float>(1.0 / (1.0 - probability)); }

/// Of the activations that enter the layer.
inline gpu::Dropout dropout(const Recipe& recipe, std::size_t layer) {
  const double probability = layer == 0 ? recipe.input_dropout : recipe.dropout;
  return {.seed = recipe.seed,
          .layer = static_cast<std::uint32_t>(layer),
          .threshold = dropout_threshold(probability),
          .scale = keep_scale(probability)};
}

}  // namespace xent::mlp
