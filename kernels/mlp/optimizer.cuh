// Adam, AdamW and SGD with momentum: one pass over all parameters of the network.
#pragma once

#include <cmath>

#include "kernels/mlp/elements.cuh"

namespace xent::gpu {

/// m, v and w after a step with gradient g; the formulas are the trainer's update rule.
template <bool kAdaptive>
__device__ __forceinline__ void update(const UpdateScalars& rule, float g, float& m, float& v, float& w) {
  g += rule.coupled_decay * w;
  if constexpr (kAdaptive) {
    m += rule.keep1 * (g - m);
    v = rule.beta2 * v + rule.keep2 * g * g;
    const float denominator = ::sqrtf(v) * rule.denominator_scale + rule.epsilon;
    w = rule.shrink * w - rule.step_size * m / denominator;
  } else {
    m = rule.momentum * m + g;
    w -= rule.step_size * m;
  }
}

template <bool kAdaptive, int kBlock>
__global__ void __launch_bounds__(kBlock)
    optimizer_kernel(const __grid_constant__ OptimizerArguments arguments) {
  const UpdateScalars rule = current(arguments.steps).update;
  const std::int64_t size = arguments.size;
  for_each_quad(size, [&](std::int64_t quad) {
    const Chunk<float> g = load_quad(arguments.gradient, quad, size);
    Chunk<float> w = load_quad(arguments.value, quad, size);
    Chunk<float> m = load_quad(arguments.moment1, quad, size);
    Chunk<float> v{};
    if constexpr (kAdaptive) v = load_quad(arguments.moment2, quad, size);
    XENT_UNROLL
    for (int i = 0; i < kQuad; ++i)
      update<kAdaptive>(rule, g.element[i], m.element[i], v.element[i], w.element[i]);
    store_quad(arguments.value, quad, size, w);
    store_quad(arguments.moment1, quad, size, m);
    if constexpr (kAdaptive) store_quad(arguments.moment2, quad, size, v);
  });
}

}  // namespace xent::gpu
