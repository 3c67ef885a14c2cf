// A run of training steps as one launch. All arrays lie on the device.
#pragma once

#include "kernels/mlp/arguments.hpp"
#include "kernels/resident/shape.hpp"

namespace xent::gpu {

struct ResidentArguments {
  ResidentShape shape{};
  /// x, batch_labels and rows are not used: a step has shape.rows images, or what is left of the epoch.
  GatherArguments batch{};
  std::int64_t samples = 0;  ///< of the epoch
  int steps = 0;
  float pixel_scale = 0.0F;  ///< of a byte: 1/255, and input dropout's
  Dropout dropout{};         ///< of hidden units
  double label_smoothing = 0.0;

  // The network between launches: its tensors begin there in each of the arrays, weights as outputs × inputs.
  float* value = nullptr;
  float* moment1 = nullptr;
  float* moment2 = nullptr;  ///< not touched unless the optimizer is adaptive
  std::int64_t weight1 = 0;
  std::int64_t bias1 = 0;
  std::int64_t weight2 = 0;
  std::int64_t bias2 = 0;

  // Through which the blocks talk.
  float* partials = nullptr;          ///< rows × blocks × classes: the units' shares of the logits
  float* deltas = nullptr;            ///< rows × classes: the loss's gradient for the logits
  double* row_loss = nullptr;         ///< rows
  std::uint8_t* row_right = nullptr;  ///< rows
  std::uint32_t* arrivals = nullptr;  ///< 0 before the launch
};

}  // namespace xent::gpu
