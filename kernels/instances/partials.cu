#include "kernels/cross_entropy/partials.cuh"
#include "kernels/instances/table.hpp"
#include "kernels/primitives/launch.cuh"

namespace xent::gpu {
namespace {

LaunchConfig config(const LaunchShape& shape) {
  return {.grid = shape.grid, .block = kReductionBlock, .stream = static_cast<Stream>(shape.stream)};
}

}  // namespace

void launch_merge_partials(const LaunchShape& shape, const MergeArguments& arguments) {
  launch(config(shape), merge_partials_kernel<kReductionBlock>, arguments);
}

void launch_rows_from_partials(const LaunchShape& shape, const RowsFromPartialsArguments& arguments) {
  launch(config(shape), rows_from_partials_kernel<kReductionBlock>, arguments);
}

}  // namespace xent::gpu
