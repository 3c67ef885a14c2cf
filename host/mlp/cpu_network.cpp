// The three matrix products of a linear layer and what is fused with each.
#include "host/mlp/cpu_network.hpp"

#include <algorithm>

#include "host/mlp/blocks.hpp"
#include "host/mlp/elementwise.hpp"
#include "host/mlp/gemm.hpp"

namespace xent::mlp {
namespace {

// Features per block (docs/gemm.md): wide enough for a product to run near its peak, narrow enough that the
// gradient of 64 features × 784 inputs, 200 KB, stays in the second-level cache until the optimizer is done.
constexpr std::int64_t kFeatureBlock = 64;
// Rows per block, so that large batches and evaluation split too.
constexpr std::int64_t kRowBlock = 256;

std::vector<float> floats(const std::vector<double>& values) { return {values.begin(), values.end()}; }
std::vector<double> doubles(const std::vector<float>& values) { return {values.begin(), values.end()}; }

CpuLayer::Tensor tensor(const Parameter& parameter) {
  return {floats(parameter.value), floats(parameter.moment1), floats(parameter.moment2)};
}
Parameter parameter(const CpuLayer::Tensor& tensor) {
  return {doubles(tensor.value), doubles(tensor.moment1), doubles(tensor.moment2)};
}

void update_tensor(const UpdateRule& rule, CpuLayer::Tensor& tensor, std::int64_t begin, std::int64_t n,
                   const float* gradient) {
  float* moment2 = rule.adaptive ? tensor.moment2.data() + begin : nullptr;
  update(rule, n, gradient, tensor.value.data() + begin, tensor.moment1.data() + begin, moment2);
}

}  // namespace

CpuLayer cpu_layer(const LayerState& state) {
  return {state.inputs, state.outputs, tensor(state.weight), tensor(state.bias)};
}

LayerState layer_state(const CpuLayer& layer) {
  return {layer.inputs, layer.outputs, parameter(layer.weight), parameter(layer.bias)};
}

void forward(const CpuLayer& layer, std::int64_t rows, const float* x, bool relu, float* y, int threads) {
  const std::int64_t col_blocks = (layer.outputs + kFeatureBlock - 1) / kFeatureBlock;
  const std::int64_t row_blocks = (rows + kRowBlock - 1) / kRowBlock;
  const std::int64_t work = rows * layer.inputs * layer.outputs;
  for_blocks(col_blocks * row_blocks, 1, work, threads, [&](std::int64_t task, std::int64_t) {
    const std::int64_t row = task / col_blocks * kRowBlock;
    const std::int64_t col = task % col_blocks * kFeatureBlock;
    const Block out{.data = y + row * layer.outputs + col,
                    .rows = std::min(kRowBlock, rows - row),
                    .cols = std::min(kFeatureBlock, layer.outputs - col),
                    .stride = layer.outputs};
    gemm(out.rows, out.cols, layer.inputs, {x + row * layer.inputs, layer.inputs},
         {layer.weight.value.data() + col * layer.inputs, layer.inputs, true}, 0.0F, out.data, out.stride);
    add_bias(out, layer.bias.value.data() + col, relu);
  });
}

void backward_input(const CpuLayer& layer, std::int64_t rows, const float* delta_y, const float* x,
                    float scale, float* delta_x, int threads) {
  const std::int64_t work = rows * layer.inputs * layer.outputs;
  for_blocks(layer.inputs, kFeatureBlock, work, threads, [&](std::int64_t begin, std::int64_t end) {
    const Block out{.data = delta_x + begin, .rows = rows, .cols = end - begin, .stride = layer.inputs};
    gemm(rows, out.cols, layer.outputs, {delta_y, layer.outputs},
         {layer.weight.value.data() + begin, layer.inputs}, 0.0F, out.data, out.stride);
    relu_backward(x + begin, scale, out);
  });
}

void backward_update(CpuLayer& layer, std::int64_t rows, const float* delta_y, const float* x,
                     const UpdateRule& rule, int threads) {
  const std::int64_t work = rows * layer.inputs * layer.outputs;
  for_blocks(layer.outputs, kFeatureBlock, work, threads, [&](std::int64_t begin, std::int64_t end) {
    // Grown once per thread; a block's gradient never leaves the cache.
    thread_local std::vector<float> gradient;
    const std::int64_t n = (end - begin) * layer.inputs;
    if (gradient.size() < static_cast<std::size_t>(n)) gradient.resize(static_cast<std::size_t>(n));
    gemm(end - begin, layer.inputs, rows, {delta_y + begin, layer.outputs, true}, {x, layer.inputs}, 0.0F,
         gradient.data(), layer.inputs);
    update_tensor(rule, layer.weight, begin * layer.inputs, n, gradient.data());

    float bias_gradient[kFeatureBlock];
    column_sums(delta_y + begin, rows, end - begin, layer.outputs, bias_gradient);
    update_tensor(rule, layer.bias, begin, end - begin, bias_gradient);
  });
}

}  // namespace xent::mlp
