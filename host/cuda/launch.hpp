// From a plan to a launched kernel.
#pragma once

#include <xent/exec.hpp>

#include "host/cuda/runtime.hpp"
#include "host/plan/gpu_plan.hpp"
#include "kernels/instances/table.hpp"

namespace xent::cuda {

/// Plans the work and launches the op's kernel over its rows; none, if there are no rows. The arguments' tile
/// is filled in.
template <class Arguments>
void launch_rows(gpu::Op op, const plan::GpuWork& work, Arguments arguments, const Exec& exec) {
  if (work.layout.rows() == 0) return;
  const plan::GpuPlan plan = plan::plan_gpu(work, device_properties(), plan_thresholds());
  arguments.tile = plan.tile;
  gpu::launch(
      gpu::instance(op, work.dtype, plan.mapping),
      {.grid = plan.grid, .cluster = plan.cluster, .shared_bytes = plan.shared_bytes, .stream = exec.stream},
      arguments);
}

}  // namespace xent::cuda
