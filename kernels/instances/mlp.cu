#include "kernels/instances/mlp.hpp"

#include "kernels/mlp/activation.cuh"
#include "kernels/mlp/column_sums.cuh"
#include "kernels/mlp/gather.cuh"
#include "kernels/mlp/gemm.cuh"
#include "kernels/mlp/optimizer.cuh"
#include "kernels/mlp/step.cuh"
#include "kernels/primitives/launch.cuh"

namespace xent::gpu {
namespace {

static_assert(kColumnsPerBlock == static_cast<int>(kWarpSize));

LaunchConfig config(const LaunchShape& shape, unsigned block = kMlpBlock) {
  return {.grid = shape.grid, .block = block, .stream = static_cast<Stream>(shape.stream)};
}

}  // namespace

void launch_gather(const LaunchShape& shape, const GatherArguments& arguments) {
  launch(config(shape), gather_kernel<kMlpBlock>, arguments);
}

void launch_normalise(const LaunchShape& shape, const std::uint8_t* pixels, std::int64_t size, float* x) {
  launch(config(shape), normalise_kernel<kMlpBlock>, pixels, size, x);
}

void launch_dropout(const LaunchShape& shape, const DropoutArguments& arguments) {
  launch(config(shape), dropout_kernel<kMlpBlock>, arguments);
}

void launch_relu_backward(const LaunchShape& shape, const ReluBackwardArguments& arguments) {
  launch(config(shape), relu_backward_kernel<kMlpBlock>, arguments);
}

void launch_optimizer(const LaunchShape& shape, bool adaptive, const OptimizerArguments& arguments) {
  launch(config(shape), adaptive ? optimizer_kernel<true, kMlpBlock> : optimizer_kernel<false, kMlpBlock>,
         arguments);
}

void launch_column_sums(const LaunchShape& shape, const ColumnSumArguments& arguments) {
  launch(config(shape), column_sums_kernel<kMlpBlock>, arguments);
}

void launch_gemm(const LaunchShape& shape, GemmLayout layout, const GemmArguments& arguments) {
  const auto run = [&](auto kernel) { launch(config(shape, kGemmBlock), kernel, arguments); };
  switch (layout) {
    case GemmLayout::plain: return run(gemm_kernel<false, false>);
    case GemmLayout::transposed_b: return run(gemm_kernel<false, true>);
    case GemmLayout::transposed_a: return run(gemm_kernel<true, false>);
  }
}

void launch_end_step(const LaunchShape& shape, const StepTable& steps, const double* loss,
                     const std::int64_t* correct) {
  launch(config(shape, kWarpSize), end_step_kernel<kWarpSize>, steps, loss, correct);
}

}  // namespace xent::gpu
