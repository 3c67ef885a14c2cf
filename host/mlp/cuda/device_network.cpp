#include "host/mlp/cuda/device_network.hpp"

#include <algorithm>

#include "host/mlp/cuda/grid.hpp"
#include "kernels/instances/mlp.hpp"

namespace xent::mlp {
namespace {

constexpr std::size_t kAlignedFloats = 256 / sizeof(float);

std::size_t aligned(std::size_t floats) {
  return (floats + kAlignedFloats - 1) / kAlignedFloats * kAlignedFloats;
}
std::size_t size(std::int64_t n) { return static_cast<std::size_t>(n); }

cuda::Linear linear(const DeviceNetwork::Layer& layer, std::int64_t rows) {
  return {.rows = rows, .inputs = layer.inputs, .outputs = layer.outputs};
}

/// Calls body(parameter, first element in the arrays, elements) for every tensor.
template <class State, class Body>
void for_each_tensor(const std::vector<DeviceNetwork::Layer>& layers, State& state, const Body& body) {
  for (std::size_t l = 0; l < layers.size(); ++l) {
    body(state[l].weight, layers[l].weight, size(layers[l].inputs * layers[l].outputs));
    body(state[l].bias, layers[l].bias, size(layers[l].outputs));
  }
}

}  // namespace

DeviceNetwork::DeviceNetwork(const Recipe& recipe, cuda::Stream stream)
    : adaptive_(recipe.optimizer != Optimizer::sgd),
      stream_(stream),
      products_(cuda::make_linear_products(stream)) {
  for (std::size_t l = 0; l + 1 < recipe.layers.size(); ++l) {
    Layer layer{.inputs = recipe.layers[l], .outputs = recipe.layers[l + 1], .weight = size_};
    layer.bias = layer.weight + aligned(size(layer.inputs * layer.outputs));
    size_ = layer.bias + aligned(size(layer.outputs));
    layers_.push_back(layer);
  }
  using Floats = cuda::DeviceArray<float>;
  arrays_ = {Floats(size_), Floats(size_), Floats(size_), Floats(adaptive_ ? size_ : 0)};
  cuda::fill_zero(arrays_.gradient.data(), arrays_.gradient.bytes(), stream_);
}

NetworkState DeviceNetwork::state() const {
  NetworkState state;
  for (const Layer& layer : layers_) state.push_back({.inputs = layer.inputs, .outputs = layer.outputs});
  const auto read = [&](const cuda::DeviceArray<float>& array, std::vector<double> Parameter::*part) {
    if (array.size() == 0) return;
    const std::vector<float> values = array.download(stream_);
    for_each_tensor(layers_, state, [&](Parameter& parameter, std::size_t first, std::size_t n) {
      const auto begin = values.begin() + static_cast<std::ptrdiff_t>(first);
      (parameter.*part).assign(begin, begin + static_cast<std::ptrdiff_t>(n));
    });
  };
  read(arrays_.value, &Parameter::value);
  read(arrays_.moment1, &Parameter::moment1);
  read(arrays_.moment2, &Parameter::moment2);
  return state;
}

void DeviceNetwork::set_state(const NetworkState& state) {
  std::vector<float> values;
  const auto write = [&](cuda::DeviceArray<float>& array, std::vector<double> Parameter::*part) {
    if (array.size() == 0) return;
    values.assign(size_, 0.0F);
    for_each_tensor(layers_, state, [&](const Parameter& parameter, std::size_t first, std::size_t n) {
      std::transform((parameter.*part).begin(), (parameter.*part).begin() + static_cast<std::ptrdiff_t>(n),
                     values.begin() + static_cast<std::ptrdiff_t>(first),
                     [](double value) { return static_cast<float>(value); });
    });
    array.upload(values, stream_);
    cuda::wait(stream_);
  };
  write(arrays_.value, &Parameter::value);
  write(arrays_.moment1, &Parameter::moment1);
  write(arrays_.moment2, &Parameter::moment2);
}

DeviceNetwork::Parameters DeviceNetwork::parameters() const {
  return {
      .value = arrays_.value.data(), .moment1 = arrays_.moment1.data(), .moment2 = arrays_.moment2.data()};
}

void DeviceNetwork::forward(std::size_t layer, std::int64_t rows, const float* x, float* y) const {
  const Layer& one = layers_[layer];
  const bool hidden = layer + 1 < layers_.size();
  products_->forward(linear(one, rows), x, arrays_.value.data() + one.weight, arrays_.value.data() + one.bias,
                     hidden, y);
}

void DeviceNetwork::backward_input(std::size_t layer, std::int64_t rows, const float* delta_y,
                                   float* delta_x) const {
  const Layer& one = layers_[layer];
  products_->input_gradient(linear(one, rows), delta_y, arrays_.value.data() + one.weight, delta_x);
}

void DeviceNetwork::backward_parameters(std::size_t layer, std::int64_t rows, const float* delta_y,
                                        const float* x) const {
  const Layer& one = layers_[layer];
  products_->parameter_gradients(linear(one, rows), delta_y, x, arrays_.gradient.data() + one.weight,
                                 arrays_.gradient.data() + one.bias);
}

void DeviceNetwork::update(const gpu::StepTable& steps) const {
  const auto floats = static_cast<std::int64_t>(size_);
  gpu::launch_optimizer({.grid = quad_grid(floats), .stream = stream_}, adaptive_,
                        {.gradient = arrays_.gradient.data(),
                         .value = arrays_.value.data(),
                         .moment1 = arrays_.moment1.data(),
                         .moment2 = arrays_.moment2.data(),
                         .size = floats,
                         .steps = steps});
}

}  // namespace xent::mlp
