// A divergence call as its kernels see it. Views point to device memory; what is not given is skipped.
#pragma once

#include <xent/options.hpp>
#include <xent/view.hpp>

#include "kernels/shapes/tile_shape.hpp"

namespace xent::gpu {

struct DivergenceArguments {
  ConstMatrixView p_logits{};
  ConstMatrixView q_logits{};
  MatrixView grad_p{};
  MatrixView grad_q{};
  VectorView row_loss{};  ///< a loss per row: the caller's, or what a reduction then adds up

  double inverse_temperature = 1.0;
  double beta = 0.5;  ///< of the Jensen-Shannon divergence
  double scale = 1.0;
  ConstVectorView upstream_values{};
  double divisor = 1.0;
  ConstVectorView divisor_at{};  ///< if given, its one number is the divisor

  TileShape tile{};  ///< what a part of a team holds on chip of either row; rows may be longer
};

}  // namespace xent::gpu
