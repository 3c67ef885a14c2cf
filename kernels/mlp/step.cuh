// The end of a step: what it gave goes to the host's list, and the next one is under way.
#pragma once

#include "kernels/mlp/arguments.hpp"
#include "kernels/primitives/portable.cuh"

namespace xent::gpu {

/// One block, of which one thread works.
template <int kBlock>
__global__ void __launch_bounds__(kBlock) end_step_kernel(const __grid_constant__ StepTable steps,
                                                          const double* loss, const std::int64_t* correct) {
  if (threadIdx.x != 0) return;
  const std::int64_t number = *steps.number;
  steps.outcomes[number] = {*loss, *correct};
  *steps.number = number + 1;
}

}  // namespace xent::gpu
