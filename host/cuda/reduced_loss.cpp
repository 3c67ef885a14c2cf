#include "host/cuda/reduced_loss.hpp"

#include "host/cuda/runtime.hpp"
#include "kernels/instances/table.hpp"

namespace xent::cuda {

void reduce_losses(const CallWorkspace& workspace, std::int64_t count, gpu::LossSumArguments sum,
                   const Exec& exec) {
  sum.row_loss = workspace.row_loss();
  sum.rows = count;
  sum.part_count = gpu::loss_parts(count);
  sum.parts = workspace.parts();
  sum.ticket = workspace.ticket();
  const std::int64_t threads = sum.part_count * gpu::kReductionBlock;
  gpu::launch_loss_sum(
      {.grid = plan::flat_grid(threads, gpu::kReductionBlock, device_properties()), .stream = exec.stream},
      sum);
}

}  // namespace xent::cuda
