// From a plan to threads: its tasks run in parallel, and what they return is added up in task order, so
// that a sum has the same bits whichever thread ran what.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>

#include <xent/options.hpp>
#include <xent/parallel.hpp>

#include "host/cpu/rows.hpp"
#include "host/plan/cpu_plan.hpp"

namespace xent::cpu {

/// kernel(begin, end) over all rows of the plan.
template <class Kernel>
void for_rows(const plan::CpuPlan& plan, const Kernel& kernel) {
  parallel_for(plan.tasks, plan.threads, [&](std::int64_t task) {
    const std::int64_t begin = task * plan.rows_per_task;
    kernel(begin, std::min(plan.rows, begin + plan.rows_per_task));
  });
}

/// The same for a kernel that returns a part of a sum.
template <class Part, class Kernel, class Add>
Part reduce_rows(const plan::CpuPlan& plan, const Kernel& kernel, const Add& add) {
  std::array<Part, plan::kMostTasks> parts;
  for_rows(plan, [&](std::int64_t begin, std::int64_t end) {
    parts[static_cast<std::size_t>(begin / plan.rows_per_task)] = kernel(begin, end);
  });
  Part total{};
  for (std::int64_t task = 0; task < plan.tasks; ++task) add(total, parts[static_cast<std::size_t>(task)]);
  return total;
}

/// Writes the loss of Reduction::sum and mean; that of none is written row by row.
inline void store_reduced_loss(const VectorView& loss, const LossOptions& options, double sum,
                               std::int64_t valid_rows, double divisor) {
  if (options.reduction == Reduction::none) return;
  if (options.reduction == Reduction::mean && valid_rows == 0 && !options.denominator) {
    const bool nan = options.empty_mean == EmptyMean::nan;
    return store(loss, 0, nan ? std::numeric_limits<double>::quiet_NaN() : 0.0);
  }
  store(loss, 0, sum / divisor);
}

}  // namespace xent::cpu
