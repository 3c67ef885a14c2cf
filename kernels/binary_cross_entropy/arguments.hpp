// A binary cross-entropy call as its kernel sees it. Views point to device memory; what is not given is
// skipped.
#pragma once

#include <cstdint>

#include <xent/view.hpp>

#include "kernels/shapes/tile_shape.hpp"

namespace xent::gpu {

struct BinaryCrossEntropyArguments {
  ConstMatrixView logits{};
  ConstMatrixView targets{};
  ConstMatrixView upstream{};
  MatrixView losses{};
  MatrixView grad{};
  MatrixView grad_targets{};
  ConstVectorView class_weights{};
  ConstVectorView pos_weight{};

  double scale = 1.0;
  ConstVectorView upstream_value{};
  double divisor = 1.0;
  ConstVectorView divisor_at{};  ///< if given, the divisor

  // A part is some whole rows, as many as fit a tile, or a piece of one. A tile's columns are elements of a
  // part, a multiple of a block's threads. There are three tiles with an upstream matrix or losses, else two.
  std::int64_t rows_per_part = 1;
  std::int64_t columns_per_part = 1;
  std::int64_t parts = 0;
  TileShape tile{};
  double* part_loss = nullptr;  ///< Σ loss of each part
};

}  // namespace xent::gpu
