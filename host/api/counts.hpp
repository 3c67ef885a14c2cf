// What a reduction needs to know of the rows before any of them is computed.
#pragma once

#include <cstdint>

#include <xent/options.hpp>
#include <xent/target.hpp>

namespace xent::api {

struct RowCounts {
  std::int64_t valid = 0;
  double divisor = 0.0;  ///< as LossOptions::mean_over has it
};

/// Throws LabelError for the first label outside [0, classes) that is not ignored.
RowCounts count_rows(const TargetView& target, std::int64_t rows, std::int64_t classes,
                     const LossOptions& options, int threads);

/// What every valid row's loss is divided by; 0 for an empty mean. Throws InvalidArgument for a number at
/// denominator_at that is negative or not finite.
double loss_divisor(const LossOptions& options, const RowCounts& counts);

}  // namespace xent::api
