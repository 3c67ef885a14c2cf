// Short runs of a backend on made-up digits, for what compares one backend with another.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "host/mlp/backend.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp::test {

/// 84 samples in batches of 16: 6 steps an epoch, the last of 4 samples.
inline const data::Dataset& training_set() {
  static const data::Dataset set = made_up_data(84, 5, 7);
  return set;
}
inline constexpr std::int64_t kSteps = 6;

/// At the recipe's initial weights.
inline std::unique_ptr<Backend> started(const Recipe& recipe, Device device,
                                        const data::Dataset& data = training_set(),
                                        StepPath path = StepPath::automatic) {
  auto backend = make_backend(recipe, data, {.device = device, .threads = 1}, path);
  backend->set_state(initial_state(recipe));
  return backend;
}

/// The next `count` steps of an epoch, the learning rate falling.
inline std::vector<BatchResult> train(Backend& backend, std::int64_t epoch, std::int64_t first_in_epoch,
                                      std::int64_t count, double lr = 0.01) {
  std::vector<double> rates;
  const std::int64_t first = epoch * kSteps + first_in_epoch;
  for (std::int64_t i = 0; i < count; ++i) rates.push_back(lr / static_cast<double>(1 + first + i));
  return backend.train({.epoch = epoch, .first_in_epoch = first_in_epoch, .first = first, .lr = rates});
}

using Trained = std::pair<std::vector<BatchResult>, NetworkState>;

/// So many epochs, each in chunks of so many steps.
inline Trained train_in_chunks(Backend& backend, std::int64_t epochs,
                               const std::vector<std::int64_t>& chunks) {
  std::vector<BatchResult> all;
  for (std::int64_t epoch = 0; epoch < epochs; ++epoch) {
    std::int64_t done = 0;
    for (const std::int64_t chunk : chunks) {
      const auto results = train(backend, epoch, done, chunk);
      all.insert(all.end(), results.begin(), results.end());
      done += chunk;
    }
  }
  return {all, backend.state()};
}

/// Ways to ask for the steps of an epoch, which must change nothing.
inline const std::vector<std::vector<std::int64_t>> kChunks = {{1, 1, 1, 1, 1, 1}, {2, 3, 1}, {5, 1}};

}  // namespace xent::mlp::test
