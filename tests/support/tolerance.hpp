// How far a backend may be from the reference: the one table of error bounds that tests and docs quote.
#pragma once

#include <xent/dtype.hpp>

namespace xent::testing {

/// Constants of one logits type. Inputs are exact (the reference reads the same bytes), arithmetic rounds
/// by `unit`, and a matrix element is rounded once more to its type, with unit roundoff `store`.
struct Tolerance {
  double unit;
  double store;
  double step;  ///< smallest normal number of the type, or f16's smallest step: half may be lost in storing
  double tiny;  ///< an exponential below it may be taken as 0
};

constexpr Tolerance tolerance(DType logits) {
  switch (logits) {
    case DType::f32: return {.unit = 0x1p-24, .store = 0x1p-24, .step = 0x1p-126, .tiny = 0x1p-124};
    case DType::f16: return {.unit = 0x1p-24, .store = 0x1p-11, .step = 0x1p-24, .tiny = 0x1p-124};
    case DType::bf16: return {.unit = 0x1p-24, .store = 0x1p-8, .step = 0x1p-126, .tiny = 0x1p-124};
    case DType::f64: return {.unit = 0x1p-53, .store = 0x1p-53, .step = 0x1p-1022, .tiny = 0x1p-1019};
  }
  return {};
}

// Rounding z[c] - max to `unit` moves exp of it by that difference times unit, and rounding log2(e) adds a
// quarter of that; both together are a class's gap below. A probability's relative error grows with its
// gap, and that of a sum with its mean gap.
inline constexpr double kGapUnits = 1.25;
/// The kernels round the product with log2(e) too.
inline constexpr double kDeviceGapUnits = 2.25;

/// Relative error of an exponential, a sum, a quotient and a product together, in units, at gap 0.
inline constexpr double kExpUnits = 8.0;
/// Relative error of log1p and of the sums that make a loss, in units.
inline constexpr double kLogUnits = 8.0;

/// Relative error of the target's gradient in cross_entropy_backward, in units of |lse| times the rounding
/// of the lse that is passed in.
inline constexpr double kLseUnits = 4.0;

/// Relative error of what the options add, in units: of scale, bias and temperature together; of a weighted
/// target, its sum over the classes, its product with an upstream gradient.
inline constexpr double kTransformUnits = 4.0;
inline constexpr double kOptionUnits = 8.0;

/// Relative error of the reference's own sums over n classes, added one by one in double. It matters for
/// f64 logits alone.
constexpr double reference_sum_error(double n) { return n * 0x1p-53; }

}  // namespace xent::testing
