// The test digits that the network gets most wrong.
#pragma once

#include <cstdint>
#include <vector>

#include "host/data/dataset.hpp"
#include "host/mlp/trainer.hpp"

namespace xent::mnist {

struct Mistake {
  std::int64_t index = 0;  ///< in the test set
  int label = 0;
  int prediction = 0;
  double confidence = 0.0;         ///< probability given to the prediction
  double label_probability = 0.0;  ///< probability given to the truth
};

/// Up to `count` wrong predictions, least probable truth first.
std::vector<Mistake> worst_mistakes(const mlp::Trainer& trainer, const data::Dataset& test,
                                    const mlp::Evaluation& evaluation, std::size_t count);

}  // namespace xent::mnist
