// The sum or mean of a call's losses as its kernel sees it.
#pragma once

#include <xent/shards.hpp>

#include "kernels/shapes/workspace.hpp"

namespace xent::gpu {

struct LossSumArguments {
  const double* row_loss = nullptr;
  std::int64_t rows = 0;
  std::int64_t part_count = 0;      ///< loss_parts(rows)
  double* parts = nullptr;          ///< room for as many
  std::uint32_t* ticket = nullptr;  ///< 0, and 0 again afterwards; a grid of one block needs none
  VectorView loss{};                ///< a single number
  double divisor = 1.0;
  const std::int64_t* valid_rows = nullptr;  ///< if given, what the mean divides by
  ConstVectorView divisor_at{};              ///< the same
  bool empty_is_nan = false;                 ///< the mean with a divisor of 0
};

/// Σ class_weights[label] over valid rows, in parts.
struct WeightSumArguments {
  LabelView labels{};
  bool has_ignore_index = false;
  std::int64_t ignore_index = 0;
  ConstVectorView class_weights{};
  std::int64_t classes = 0;
  const RowPartial* merged = nullptr;  ///< if given, they know the weights
  double* parts = nullptr;
};

struct DivisorArguments {
  const double* parts = nullptr;
  std::int64_t part_count = 0;  ///< 0: the rows are counted, not weighted
  const std::int64_t* valid_rows = nullptr;
  std::int64_t rows = 0;  ///< where valid_rows is not given
  double* divisor = nullptr;
};

}  // namespace xent::gpu
