// Where there is no cuBLASLt.
#include "host/cuda/gemm.hpp"

namespace xent::cuda {

std::unique_ptr<LinearProducts> make_linear_products(Stream stream) { return make_kernel_products(stream); }
std::string linear_products_name() { return kKernelProductsName; }

}  // namespace xent::cuda
