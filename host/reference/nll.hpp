// Negative log-likelihood as defined in xent/nll.hpp. Arguments are taken as checked.
#pragma once

#include <xent/nll.hpp>

namespace xent::reference {

void nll(const ConstMatrixView& log_probs, const LabelView& labels, const NllOutputs& outputs,
         const LossOptions& options = {});
void nll_backward(const LabelView& labels, const MatrixView& grad_log_probs, const LossOptions& options = {},
                  const Upstream& upstream = {});

}  // namespace xent::reference
