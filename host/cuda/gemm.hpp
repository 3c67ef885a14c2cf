// The matrix products of a linear layer on the device: by cuBLASLt where it can be opened, else by the own
// kernel.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "host/cuda/runtime.hpp"

namespace xent::cuda {

/// y = x·Wᵀ + b with x rows × inputs and W outputs × inputs, as PyTorch keeps it.
struct Linear {
  std::int64_t rows = 0;
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
};

/// f32, row-major without gaps, every array at a multiple of 256 bytes. The same call gives the same bits
/// every time. Work is queued on one stream; the first call for a shape may choose an algorithm and load
/// code, so it must not be recorded into a graph. Later ones may.
class LinearProducts {
 public:
  LinearProducts() = default;
  virtual ~LinearProducts() = default;
  LinearProducts(const LinearProducts&) = delete;
  LinearProducts& operator=(const LinearProducts&) = delete;

  /// With ReLU after it if asked for.
  virtual void forward(const Linear& linear, const float* x, const float* weight, const float* bias,
                       bool relu, float* y) = 0;
  /// delta_x = delta_y·W.
  virtual void input_gradient(const Linear& linear, const float* delta_y, const float* weight,
                              float* delta_x) = 0;
  /// delta_weight = delta_yᵀ·x; delta_bias is delta_y's column sums.
  virtual void parameter_gradients(const Linear& linear, const float* delta_y, const float* x,
                                   float* delta_weight, float* delta_bias) = 0;
};

/// The best there is. The stream must outlive it.
std::unique_ptr<LinearProducts> make_linear_products(Stream stream);
/// What that is, for people: "cuBLASLt 13.1.0" or "own matrix products".
std::string linear_products_name();

/// By the library's own kernels, here and below.
std::unique_ptr<LinearProducts> make_kernel_products(Stream stream);
/// sums[c] = Σ_r x[r, c].
void column_sums(const float* x, std::int64_t rows, std::int64_t cols, float* sums, Stream stream);
inline constexpr const char* kKernelProductsName = "own matrix products";

}  // namespace xent::cuda
