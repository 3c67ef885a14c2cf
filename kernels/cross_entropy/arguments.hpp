// A cross-entropy or NLL call as its kernels see it. Views point to device memory; what is not given is
// skipped.
#pragma once

#include <xent/cross_entropy.hpp>

#include "kernels/shapes/tile_shape.hpp"
#include "kernels/shapes/workspace.hpp"

namespace xent::gpu {

struct CrossEntropyArguments {
  ConstMatrixView logits{};  ///< for NLL the log-probabilities; for its backward only the shape
  LabelView labels{};
  ConstVectorView lse{};  ///< backward only
  MatrixView grad{};
  VectorView row_loss{};  ///< a loss per row: the caller's, or what a reduction then adds up
  VectorView row_lse{};
  IndexView argmax{};
  std::int64_t* correct_count = nullptr;  ///< added to
  LabelReport* bad_labels = nullptr;

  bool has_ignore_index = false;
  std::int64_t ignore_index = 0;
  double label_smoothing = 0.0;
  Upstream upstream{};
  double divisor = 1.0;
  const std::int64_t* valid_rows = nullptr;  ///< if given, the divisor is what it points to, at least 1

  TileShape tile{};  ///< what a part of a team holds on chip; rows may be longer
};

}  // namespace xent::gpu
