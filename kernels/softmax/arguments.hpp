// Softmax and log-softmax calls as their kernels see them. Views point to device memory.
#pragma once

#include <xent/view.hpp>

#include "kernels/shapes/tile_shape.hpp"

namespace xent::gpu {

struct SoftmaxArguments {
  ConstMatrixView logits{};
  MatrixView result{};
  bool log = false;  ///< log-probabilities instead of probabilities
  TileShape tile{};  ///< what a part of a team holds on chip; rows may be longer
};

struct SoftmaxBackwardArguments {
  ConstMatrixView saved{};     ///< the forward result: p, or s = log p
  ConstMatrixView upstream{};  ///< g
  MatrixView grad{};
  bool log = false;  ///< saved holds log-probabilities
  TileShape tile{};  ///< what a part of a team holds on chip; rows may be longer
};

}  // namespace xent::gpu
