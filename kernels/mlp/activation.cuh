// What happens to activations and to their gradients between two products.
#pragma once

#include "kernels/mlp/elements.cuh"

namespace xent::gpu {

/// Drops hidden units.
template <int kBlock>
__global__ void __launch_bounds__(kBlock) dropout_kernel(const __grid_constant__ DropoutArguments arguments) {
  const std::int64_t step = current(arguments.steps).step;
  for_each_quad(arguments.size, [&](std::int64_t quad) {
    Chunk<float> chunk = load_quad(arguments.x, quad, arguments.size);
    drop(arguments.dropout, step, quad, chunk);
    store_quad(arguments.x, quad, arguments.size, chunk);
  });
}

/// The gradient behind ReLU and dropout: 0 where the activation is 0, cut or dropped, and scaled elsewhere. A
/// NaN activation lets the gradient pass, so that a network that has diverged shows it.
template <int kBlock>
__global__ void __launch_bounds__(kBlock)
    relu_backward_kernel(const __grid_constant__ ReluBackwardArguments arguments) {
  for_each_quad(arguments.size, [&](std::int64_t quad) {
    const Chunk<float> activation = load_quad(arguments.activation, quad, arguments.size);
    Chunk<float> delta = load_quad(arguments.delta, quad, arguments.size);
    XENT_UNROLL
    for (int i = 0; i < kQuad; ++i) {
      delta.element[i] = activation.element[i] <= 0.0F ? 0.0F : arguments.scale * delta.element[i];
    }
    store_quad(arguments.delta, quad, arguments.size, delta);
  });
}

}  // namespace xent::gpu
