// gemm() by OpenBLAS, whose own threads stay off (docs/gemm.md has the measurements behind both choices).
#include <cblas.h>

#include "host/mlp/gemm.hpp"

namespace xent::mlp {
namespace {

// Process-wide in OpenBLAS, so set once, before its first product.
void keep_openblas_serial() {
  static const bool done = [] {
    openblas_set_num_threads(1);
    return true;
  }();
  static_cast<void>(done);
}

CBLAS_TRANSPOSE operation(const Factor& factor) { return factor.transposed ? CblasTrans : CblasNoTrans; }

}  // namespace

void gemm(std::int64_t rows, std::int64_t cols, std::int64_t depth, const Factor& a, const Factor& b,
          float beta, float* c, std::int64_t c_stride) {
  keep_openblas_serial();
  const auto blas = [](std::int64_t n) { return static_cast<blasint>(n); };
  cblas_sgemm(CblasRowMajor, operation(a), operation(b), blas(rows), blas(cols), blas(depth), 1.0F, a.data,
              blas(a.stride), b.data, blas(b.stride), beta, c, blas(c_stride));
}

}  // namespace xent::mlp
