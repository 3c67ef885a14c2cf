// How losses that all count become one number: the part of their options that the losses without labels
// share.
#pragma once

#include <cstdint>
#include <optional>

#include <xent/exec.hpp>
#include <xent/options.hpp>
#include <xent/view.hpp>

namespace xent::api {

struct MeanOptions {
  Reduction reduction = Reduction::mean;
  const std::optional<double>& denominator;
  const ConstVectorView& denominator_at;
  EmptyMean empty_mean = EmptyMean::zero;
};

template <class Options>
MeanOptions mean_options(const Options& options) {
  return {options.reduction, options.denominator, options.denominator_at, options.empty_mean};
}

void check(const MeanOptions& options);

/// The divisor of `count` losses, 1 for none and sum. Reads denominator_at: not for a device's memory.
double mean_divisor(const MeanOptions& options, std::int64_t count);

}  // namespace xent::api
