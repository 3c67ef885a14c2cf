// How far the library's results are from the truth, by formulas and arithmetic that are not the library's.
#pragma once

#include "bench/loss_buffers.hpp"

namespace xent::bench {

/// Largest error of what call() left in the buffers, in units of the rounding of what was stored (u of
/// docs/numerics.md: 2^-24 for f32, 2^-11 for f16, 2^-8 for bf16, 2^-53 for f64): |error| ÷ max(u·|value|,
/// half the type's smallest step). Infinite in place. For the backward of softmax and log-softmax,
/// differences whose terms may cancel, |value| is the sum of the terms' magnitudes. Infinite if a result is
/// not a number. The case must have Reduction::none. Its formulas are evaluated in long double from the
/// stored inputs.
template <class T>
double worst_error(const LossCase& c, const LossBuffers<T>& b, int threads);

struct Judgement {
  double worst = 0.0;
  std::int64_t rows = 0;  ///< that were looked at
};

/// The same of a call made for the purpose, on the case's first rows: as many as make some million elements.
Judgement judge(LossCase c, int threads);

}  // namespace xent::bench
