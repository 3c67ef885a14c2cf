// Softmax and log-softmax as defined in xent/softmax.hpp. Arguments are taken as checked; an output may
// have another dtype than the inputs.
#pragma once

#include <xent/view.hpp>

namespace xent::reference {

void softmax(const ConstMatrixView& logits, const MatrixView& probs);
void log_softmax(const ConstMatrixView& logits, const MatrixView& log_probs);
void softmax_backward(const ConstMatrixView& probs, const ConstMatrixView& grad_probs,
                      const MatrixView& grad_logits);
void log_softmax_backward(const ConstMatrixView& log_probs, const ConstMatrixView& grad_log_probs,
                          const MatrixView& grad_logits);

}  // namespace xent::reference
