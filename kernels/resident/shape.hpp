// A network with one hidden layer that stays on chip while it is trained: how it is dealt to blocks, and
// where in a block's shared memory everything lies.
#pragma once

#include <cstddef>

#include "kernels/primitives/host_device.hpp"

namespace xent::gpu {

inline constexpr int kResidentBlock = 512;       ///< threads
inline constexpr int kResidentUnits = 4;         ///< hidden units that a thread computes at once
inline constexpr int kResidentRows = 4;          ///< and images
inline constexpr int kResidentMostClasses = 32;  ///< a lane each

struct ResidentShape {
  int features = 0;
  int hidden = 0;
  int classes = 0;
  int rows = 0;    ///< images of a step, at most
  int units = 0;   ///< of a block: a multiple of kResidentUnits; those that the network lacks are 0
  int images = 1;  ///< batches of which a block holds the pixels: with 2 the next one comes while others work
  int copies = 3;  ///< of the parameters: their values and the optimizer's one or two moments

  XENT_HOST_DEVICE constexpr int blocks() const { return (hidden + units - 1) / units; }

  /// Pixels lie by fours in a word, an image's last one filled up with 0, and so do their weights.
  XENT_HOST_DEVICE constexpr int words() const { return (features + 3) / 4; }
  XENT_HOST_DEVICE constexpr int unit_pitch() const { return 4 * words(); }

  XENT_HOST_DEVICE constexpr int batch_words() const { return (rows * words() + 3) / 4 * 4; }

  // Within one copy of the block's parameters.
  XENT_HOST_DEVICE constexpr int weight2() const { return units * unit_pitch(); }  ///< unit by unit
  XENT_HOST_DEVICE constexpr int bias1() const { return weight2() + units * classes; }
  XENT_HOST_DEVICE constexpr int bias2() const { return bias1() + units; }
  XENT_HOST_DEVICE constexpr int parameters() const { return (bias2() + classes + 3) / 4 * 4; }

  // In floats (or words) from the beginning of the block's memory, which the parameters' copies are.
  XENT_HOST_DEVICE constexpr int activations() const { return copies * parameters(); }  ///< rows × units
  XENT_HOST_DEVICE constexpr int hidden_deltas() const { return activations() + rows * units; }
  XENT_HOST_DEVICE constexpr int pixels() const { return hidden_deltas() + rows * units; }
  XENT_HOST_DEVICE constexpr int deltas() const { return pixels() + images * batch_words(); }
  XENT_HOST_DEVICE constexpr std::size_t bytes() const {
    return (static_cast<std::size_t>(deltas()) +
            static_cast<std::size_t>(rows) * static_cast<std::size_t>(classes)) *
           sizeof(float);
  }
};

}  // namespace xent::gpu
