// Small training sets and recipes that tests make up from a formula.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/mlp/random.hpp"
#include "host/mlp/recipe.hpp"

namespace xent::mlp::test {

/// Purpose 200 is none of the trainer's. tests/golden/make_mlp_golden.py makes the same data.
inline data::Dataset made_up_data(std::int64_t count, std::int64_t height, std::int64_t width,
                                  std::uint64_t seed = 2024, std::int64_t classes = 10) {
  constexpr auto kMadeUpData = static_cast<Purpose>(200);
  const RandomStream noise(seed, kMadeUpData, 0);
  const RandomStream pattern(seed, kMadeUpData, 1);
  data::Dataset set{.count = count, .height = height, .width = width, .classes = classes};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto label = static_cast<std::uint64_t>(i % classes);
    set.labels.push_back(static_cast<std::uint8_t>(label));
    for (std::int64_t j = 0; j < height * width; ++j) {
      const auto features = static_cast<std::uint64_t>(height * width);
      const auto place = static_cast<std::uint64_t>(j);
      set.pixels.push_back(
          static_cast<std::uint8_t>(noise.word(static_cast<std::uint64_t>(i) * features + place) % 216 +
                                    pattern.word(label * features + place) % 40));
    }
  }
  return set;
}

/// For the pictures above: small, two hidden layers, everything random switched on.
inline Recipe busy_recipe(Optimizer optimizer = Optimizer::adam) {
  Recipe recipe;
  recipe.layers = {35, 33, 17, 10};
  recipe.epochs = 2;
  recipe.batch = 16;
  recipe.optimizer = optimizer;
  recipe.schedule = Schedule::cosine;
  recipe.warmup_steps = 3;
  recipe.weight_decay = 0.01;
  recipe.label_smoothing = 0.1;
  recipe.dropout = 0.25;
  recipe.input_dropout = 0.125;
  recipe.shift = 1;
  recipe.seed = 5;
  return recipe;
}

}  // namespace xent::mlp::test
