// Softmax and log-softmax, forward and backward: a plan and a launch.
#include "host/cuda/backend.hpp"
#include "host/cuda/launch.hpp"

namespace xent::cuda {

void softmax(const ConstMatrixView& logits, const MatrixView& result, bool log, const Exec& exec) {
  launch_rows(gpu::Op::softmax,
              {.layout = result.layout,
               .dtype = result.dtype,
               .writes_matrix = true,
               .reads_ahead = logits.layout.class_stride == 1},
              gpu::SoftmaxArguments{.logits = logits, .result = result, .log = log}, exec);
}

void softmax_backward(const ConstMatrixView& saved, const ConstMatrixView& upstream, const MatrixView& grad,
                      bool log, const Exec& exec) {
  launch_rows(
      gpu::Op::softmax_backward,
      {.layout = grad.layout, .dtype = grad.dtype, .tiles = 2, .matrices_read = 2, .writes_matrix = true},
      gpu::SoftmaxBackwardArguments{.saved = saved, .upstream = upstream, .grad = grad, .log = log}, exec);
}

}  // namespace xent::cuda
