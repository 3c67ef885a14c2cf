#include "kernels/instances/table.hpp"
#include "kernels/primitives/launch.cuh"
#include "kernels/reduction/divisor.cuh"
#include "kernels/reduction/loss_sum.cuh"
#include "kernels/reduction/valid_rows.cuh"

namespace xent::gpu {
namespace {

LaunchConfig config(const LaunchShape& shape) {
  return {.grid = shape.grid, .block = kReductionBlock, .stream = static_cast<Stream>(shape.stream)};
}

}  // namespace

bool runs_here() { return can_run(loss_sum_kernel<kReductionBlock>); }

void launch_count_valid_rows(const LaunchShape& shape, const LabelView& labels, bool has_ignore_index,
                             std::int64_t ignore_index, std::int64_t* valid) {
  launch(config(shape), count_valid_rows_kernel<kReductionBlock>, labels, has_ignore_index, ignore_index,
         valid);
}

void launch_weight_parts(const LaunchShape& shape, const WeightSumArguments& arguments) {
  launch(config(shape), weight_parts_kernel<kReductionBlock>, arguments);
}

void launch_divisor(const LaunchShape& shape, const DivisorArguments& arguments) {
  launch(config(shape), divisor_kernel<kReductionBlock>, arguments);
}

void launch_loss_sum(const LaunchShape& shape, const LossSumArguments& arguments) {
  launch(config(shape), loss_sum_kernel<kReductionBlock>, arguments);
}

}  // namespace xent::gpu
