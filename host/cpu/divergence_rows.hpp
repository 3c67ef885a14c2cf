// The row kernels of the divergences, over rows [begin, end) on the calling thread.
#pragma once

#include <cstdint>

#include <xent/divergence.hpp>

#include "host/cpu/rows.hpp"

namespace xent::cpu {

struct DivergenceJob {
  ConstMatrixView p_logits{};
  ConstMatrixView q_logits{};
  MatrixView grad_p{};
  MatrixView grad_q{};
  VectorView row_loss{};  ///< not given: the caller wants no loss per row
  double temperature = 1.0;
  double beta = 0.5;
  Upstream upstream{};
  double divisor = 1.0;
  bool jensen_shannon = false;
  bool streaming_stores = false;

  /// What row r's gradients are multiplied by.
  double row_scale(std::int64_t r) const {
    return divisor == 0.0 ? 0.0 : upstream_at(upstream, r) / (divisor * temperature);
  }
};

void divergence_rows(const DivergenceJob& job, std::int64_t begin, std::int64_t end,
                     const RowParts<double>& parts);

}  // namespace xent::cpu
