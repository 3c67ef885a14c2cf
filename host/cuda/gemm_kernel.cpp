// The products by the library's own kernels.
#include "host/cuda/gemm.hpp"
#include "kernels/instances/mlp.hpp"

namespace xent::cuda {
namespace {

class KernelProducts final : public LinearProducts {
 public:
  explicit KernelProducts(Stream stream) : stream_(stream) {}

  void forward(const Linear& linear, const float* x, const float* weight, const float* bias, bool relu,
               float* y) override {
    multiply(gpu::GemmLayout::transposed_b, {.rows = linear.rows,
                                             .cols = linear.outputs,
                                             .depth = linear.inputs,
                                             .a = x,
                                             .b = weight,
                                             .bias = bias,
                                             .relu = relu,
                                             .c = y});
  }

  void input_gradient(const Linear& linear, const float* delta_y, const float* weight,
                      float* delta_x) override {
    multiply(gpu::GemmLayout::plain, {.rows = linear.rows,
                                      .cols = linear.inputs,
                                      .depth = linear.outputs,
                                      .a = delta_y,
                                      .b = weight,
                                      .c = delta_x});
  }

  void parameter_gradients(const Linear& linear, const float* delta_y, const float* x, float* delta_weight,
                           float* delta_bias) override {
    multiply(gpu::GemmLayout::transposed_a, {.rows = linear.outputs,
                                             .cols = linear.inputs,
                                             .depth = linear.rows,
                                             .a = delta_y,
                                             .b = x,
                                             .c = delta_weight});
    column_sums(delta_y, linear.rows, linear.outputs, delta_bias, stream_);
  }

 private:
  void multiply(gpu::GemmLayout layout, const gpu::GemmArguments& arguments) {
    const std::int64_t tiles = gpu::gemm_tiles(arguments.rows) * gpu::gemm_tiles(arguments.cols);
    gpu::launch_gemm({.grid = static_cast<unsigned>(tiles), .stream = stream_}, layout, arguments);
  }

  Stream stream_;
};

}  // namespace

void column_sums(const float* x, std::int64_t rows, std::int64_t cols, float* sums, Stream stream) {
  const std::int64_t blocks = (cols + gpu::kColumnsPerBlock - 1) / gpu::kColumnsPerBlock;
  gpu::launch_column_sums({.grid = static_cast<unsigned>(blocks), .stream = stream},
                          {.x = x, .rows = rows, .cols = cols, .sums = sums});
}

std::unique_ptr<LinearProducts> make_kernel_products(Stream stream) {
  return std::make_unique<KernelProducts>(stream);
}

}  // namespace xent::cuda
