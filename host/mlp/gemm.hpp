// Single-precision matrix product on the calling thread: the one door to the BLAS in use.
#pragma once

#include <cstdint>

namespace xent::mlp {

/// A row-major matrix, or its transpose.
struct Factor {
  const float* data = nullptr;
  std::int64_t stride = 0;  ///< between the rows as stored
  bool transposed = false;
};

/// c = a·b + beta·c with c rows × cols and inner extent `depth`; beta 0 does not read c.
///
/// Serial, so that the caller's split alone decides which sums are formed: with blocks that depend on
/// the shapes only, results have the same bits on any number of threads.
void gemm(std::int64_t rows, std::int64_t cols, std::int64_t depth, const Factor& a, const Factor& b,
          float beta, float* c, std::int64_t c_stride);

}  // namespace xent::mlp
