#include "host/cuda/reduced_loss.hpp"

#include "host/cuda/runtime.hpp"
#include "kernels/instances/table.hpp"

namespace xent::cuda {

void reduce_losses(const CallWorkspace& workspace, std::int64_t count, gpu::LossSumArguments sum,
                   const Exec& exec) {
  sum.parts = workspace.parts();
  sum.part_count = gpu::loss_parts(count);
  if (sum.part_count > 0) {
    const std::int64_t threads = sum.part_count * gpu::kReductionBlock;
    gpu::launch_loss_parts(
        {.grid = plan::flat_grid(threads, gpu::kReductionBlock, device_properties()), .stream = exec.stream},
        workspace.row_loss(), count, workspace.parts());
  }
  gpu::launch_loss_sum({.stream = exec.stream}, sum);
}

}  // namespace xent::cuda
