// A run of training steps in one launch. Each block has some hidden units, their weights from all pixels and
// to all classes, and stays with them; in a step the blocks meet twice, when their shares of the logits are
// there and when the losses' gradients are.
#pragma once

#include "kernels/primitives/grid.cuh"
#include "kernels/resident/backward.cuh"
#include "kernels/resident/batch.cuh"
#include "kernels/resident/forward.cuh"
#include "kernels/resident/loss.cuh"

namespace xent::gpu {

/// Cooperative: shape.blocks() blocks with shape.bytes() of dynamic shared memory.
template <bool kAdaptive>
__global__ void __launch_bounds__(kResidentBlock, 1)
    resident_steps_kernel(const __grid_constant__ ResidentArguments arguments) {
  XENT_DYNAMIC_SHARED(bytes);
  const ResidentMemory memory(arguments.shape, bytes);
  const bool ahead = arguments.shape.images > 1;
  GridBarrier barrier(arguments.arrivals);
  load_parameters<kAdaptive>(arguments, memory);
  begin_batch(arguments, memory, 0);
  for (int number = 0; number < arguments.steps; ++number) {
    const StepScalars& step = arguments.batch.steps.scalars[number];
    const int rows = batch_rows(arguments, step);
    const bool more = number + 1 < arguments.steps;
    wait_copies();
    __syncthreads();  // the batch and the last step's parameters are there
    hidden_forward(arguments, memory, step, number, rows);
    __syncthreads();
    share_logits(arguments, memory, rows);
    barrier.arrive();
    if (ahead && more) begin_batch(arguments, memory, number + 1);
    barrier.wait();
    losses(arguments, memory, step, rows);
    barrier.sync();
    load_deltas(arguments, memory, rows);
    report(arguments, number, rows);
    __syncthreads();
    hidden_backward(arguments, memory, rows);
    __syncthreads();
    update_parameters<kAdaptive>(arguments, memory, step.update, number, rows);
    if (ahead || !more) continue;
    __syncthreads();  // before the pixels are replaced
    begin_batch(arguments, memory, number + 1);
  }
  __syncthreads();
  store_parameters<kAdaptive>(arguments, memory);
}

}  // namespace xent::gpu
