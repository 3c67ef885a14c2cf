// Softmax cross-entropy as defined in xent/cross_entropy.hpp. Arguments are taken as checked; the
// gradients may have another dtype than the logits.
#pragma once

#include <xent/cross_entropy.hpp>

namespace xent::reference {

void cross_entropy(const ConstMatrixView& logits, const TargetView& target,
                   const CrossEntropyOutputs& outputs, const LossOptions& options = {},
                   const Upstream& upstream = {});
void cross_entropy_backward(const ConstMatrixView& logits, const TargetView& target,
                            const ConstVectorView& lse, const CrossEntropyGrads& grads,
                            const LossOptions& options = {}, const Upstream& upstream = {});

}  // namespace xent::reference
