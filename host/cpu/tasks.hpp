// From a plan to threads: chunks of rows run in parallel, and what each part of them adds up to is added in
// order, so that a sum has the same bits whichever thread ran what.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <memory>
#include <type_traits>

#include <xent/options.hpp>
#include <xent/parallel.hpp>

#include "host/cpu/rows.hpp"
#include "host/plan/chunks.hpp"
#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

/// kernel(begin, end) over all rows of the plan, a chunk of parts at a time.
template <class Kernel>
void for_rows(const plan::CpuPlan& plan, const Kernel& kernel) {
  const int threads = thread_count(plan.threads);
  parallel_for(plan::chunk_count(plan.parts, threads), threads, [&](std::int64_t number) {
    const plan::Chunk chunk = plan::chunk_at(number, plan.parts, threads);
    kernel(chunk.begin * plan.rows_per_part, std::min(plan.rows, chunk.end * plan.rows_per_part));
  });
}

/// Room for as many parts as a plan can have, of which a call initialises those that it has.
template <class Part>
union PartsMemory {
  static_assert(std::is_trivially_destructible_v<Part>);
  PartsMemory() {}
  std::array<Part, plan::kMostParts> parts;
};

/// The same for kernel(begin, end, parts), which adds every row to parts.of(row); returns their sum.
template <class Part, class Kernel>
Part reduce_rows(const plan::CpuPlan& plan, const Kernel& kernel) {
  PartsMemory<Part> memory;
  Part* const parts = memory.parts.data();
  std::uninitialized_value_construct_n(parts, plan.parts);
  const RowParts<Part> of_rows{parts, plan.rows_per_part};
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) { kernel(begin, end, of_rows); });
  Part total{};
  for (std::int64_t part = 0; part < plan.parts; ++part) total += parts[part];
  return total;
}

/// Writes the loss of Reduction::sum and mean; that of none is written row by row. A divisor of 0 is an
/// empty mean.
inline void store_reduced_loss(const VectorView& loss, const LossOptions& options, double sum,
                               double divisor) {
  if (options.reduction == Reduction::none) return;
  if (divisor == 0.0) {
    const bool nan = options.empty_mean == EmptyMean::nan;
    return store(loss, 0, nan ? std::numeric_limits<double>::quiet_NaN() : 0.0);
  }
  store(loss, 0, sum / divisor);
}

/// The same for losses that all count: of no label, so none is ignored.
inline void store_mean(const VectorView& loss, double sum, double divisor, EmptyMean empty_mean) {
  const double empty = empty_mean == EmptyMean::nan ? std::numeric_limits<double>::quiet_NaN() : 0.0;
  store(loss, 0, divisor == 0.0 ? empty : sum / divisor);
}

/// What their gradients are multiplied by: scale · value / divisor, and nothing where the divisor is 0.
inline double mean_scale(double scale, const ConstVectorView& value, double divisor) {
  if (divisor == 0.0) return 0.0;
  return scale * (value.given() ? load(value, 0) : 1.0) / divisor;
}

}  // namespace xent::cpu
