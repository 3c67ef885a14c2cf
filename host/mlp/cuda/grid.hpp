// How many blocks the trainer's kernels get, where any number does the work.
#pragma once

#include <cstdint>

#include "host/cuda/runtime.hpp"
#include "host/plan/gpu_plan.hpp"
#include "kernels/instances/mlp.hpp"

namespace xent::mlp {

/// For a pass over so many items, one to a thread.
inline unsigned flat_grid(std::int64_t items) {
  return plan::flat_grid(items, gpu::kMlpBlock, cuda::device_properties());
}

/// For a pass over so many floats, four to a thread.
inline unsigned quad_grid(std::int64_t floats) { return flat_grid((floats + 3) / 4); }

}  // namespace xent::mlp
