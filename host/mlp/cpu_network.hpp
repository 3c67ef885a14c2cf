// Forward and backward of the layers on the CPU: f32, products in fixed blocks, the rest fused around them.
#pragma once

#include <cstdint>
#include <vector>

#include "host/mlp/backend.hpp"
#include "host/mlp/update_rule.hpp"

namespace xent::mlp {

/// A layer's parameters; weights are outputs × inputs, row-major.
struct CpuLayer {
  struct Tensor {
    std::vector<float> value{};
    std::vector<float> moment1{};
    std::vector<float> moment2{};
  };
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  Tensor weight{};
  Tensor bias{};
};

CpuLayer cpu_layer(const LayerState& state);
LayerState layer_state(const CpuLayer& layer);

/// y = x·Wᵀ + b for `rows` rows, with ReLU after it if asked for.
void forward(const CpuLayer& layer, std::int64_t rows, const float* x, bool relu, float* y, int threads);

/// delta_x = delta_y·W, zero where the activation x is zero, elsewhere times `scale` (dropout's 1/(1-p)).
void backward_input(const CpuLayer& layer, std::int64_t rows, const float* delta_y, const float* x,
                    float scale, float* delta_x, int threads);

/// Gradients of weight and bias, each block of them applied by the optimizer while it is in cache.
void backward_update(CpuLayer& layer, std::int64_t rows, const float* delta_y, const float* x,
                     const UpdateRule& rule, int threads);

}  // namespace xent::mlp
