// The sum or mean of a call's losses as its kernel sees it.
#pragma once

#include <xent/view.hpp>

#include "kernels/shapes/workspace.hpp"

namespace xent::gpu {

struct LossSumArguments {
  const double* parts = nullptr;
  std::int64_t part_count = 0;
  VectorView loss{};  ///< a single number
  double divisor = 1.0;
  const std::int64_t* valid_rows = nullptr;  ///< if given, what the mean divides by
  bool empty_is_nan = false;                 ///< the mean over no valid row
};

}  // namespace xent::gpu
