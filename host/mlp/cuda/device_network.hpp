// The network's parameters in device memory, and the way through its layers.
#pragma once

#include <cstdint>
#include <vector>

#include "host/cuda/gemm.hpp"
#include "host/cuda/memory.hpp"
#include "host/mlp/backend.hpp"
#include "kernels/mlp/arguments.hpp"

namespace xent::mlp {

/// All tensors lie in one array, each at a multiple of 256 bytes, so that one pass updates them all. What
/// lies between them is 0, has a gradient of 0 and stays 0.
class DeviceNetwork {
 public:
  struct Layer {
    std::int64_t inputs = 0;
    std::int64_t outputs = 0;
    std::size_t weight = 0;  ///< where it begins in each of the arrays
    std::size_t bias = 0;
  };

  DeviceNetwork(const Recipe& recipe, cuda::Stream stream);

  /// The arrays, for kernels that read and write all of them.
  struct Parameters {
    float* value = nullptr;
    float* moment1 = nullptr;
    float* moment2 = nullptr;  ///< null for SGD
  };

  const std::vector<Layer>& layers() const { return layers_; }
  bool adaptive() const { return adaptive_; }
  Parameters parameters() const;
  NetworkState state() const;
  void set_state(const NetworkState& state);

  /// Queues y = layer(x), with ReLU after it in all layers but the last.
  void forward(std::size_t layer, std::int64_t rows, const float* x, float* y) const;
  /// Queues delta_x = delta_y·W.
  void backward_input(std::size_t layer, std::int64_t rows, const float* delta_y, float* delta_x) const;
  /// Queues the gradients of the layer's parameters into the network's own array of them.
  void backward_parameters(std::size_t layer, std::int64_t rows, const float* delta_y, const float* x) const;
  /// Queues the optimizer, once all gradients are there.
  void update(const gpu::StepTable& steps) const;

 private:
  struct Arrays {
    cuda::DeviceArray<float> value;
    cuda::DeviceArray<float> gradient;
    cuda::DeviceArray<float> moment1;
    cuda::DeviceArray<float> moment2;  ///< empty for SGD
  };

  bool adaptive_;
  cuda::Stream stream_;
  std::vector<Layer> layers_{};
  std::size_t size_ = 0;  ///< floats in each array
  Arrays arrays_{};
  std::unique_ptr<cuda::LinearProducts> products_;
};

}  // namespace xent::mlp
