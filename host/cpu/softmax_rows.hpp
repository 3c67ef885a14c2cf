// The row kernels of softmax and log-softmax, each over rows [begin, end) on the calling thread.
#pragma once

#include <cstdint>

#include <xent/view.hpp>

namespace xent::cpu {

struct SoftmaxJob {
  ConstMatrixView logits{};
  MatrixView result{};
  bool log = false;  ///< log-probabilities instead of probabilities
  bool streaming_stores = false;
};

struct SoftmaxBackwardJob {
  ConstMatrixView saved{};  ///< the forward result
  ConstMatrixView upstream{};
  MatrixView grad{};
  bool log = false;  ///< saved holds log-probabilities
  bool streaming_stores = false;
};

/// Long rows, a row along the lanes.
void softmax_rows(const SoftmaxJob& job, std::int64_t begin, std::int64_t end);
/// Short rows, a row per lane.
void softmax_lanes(const SoftmaxJob& job, std::int64_t begin, std::int64_t end);
void softmax_backward_lanes(const SoftmaxBackwardJob& job, std::int64_t begin, std::int64_t end);
/// Rows of any length.
void softmax_backward_rows(const SoftmaxBackwardJob& job, std::int64_t begin, std::int64_t end);

}  // namespace xent::cpu
