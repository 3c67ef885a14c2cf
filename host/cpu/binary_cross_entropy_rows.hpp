// The kernel of binary cross-entropy, over rows [begin, end) on the calling thread.
#pragma once

#include <cstdint>

#include <xent/binary_cross_entropy.hpp>

#include "host/cpu/rows.hpp"

namespace xent::cpu {

struct BinaryCrossEntropyJob {
  ConstMatrixView logits{};
  ConstMatrixView targets{};
  ConstMatrixView upstream{};  ///< data may be null: ones
  MatrixView losses{};
  MatrixView grad{};
  MatrixView grad_targets{};
  ConstVectorView class_weights{};
  ConstVectorView pos_weight{};
  double scale = 1.0;  ///< of all gradients
  bool streaming_stores = false;
};

/// begin is the first row of a part.
void binary_cross_entropy_rows(const BinaryCrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                               const RowParts<double>& parts);

}  // namespace xent::cpu
