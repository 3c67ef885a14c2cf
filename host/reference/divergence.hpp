// Divergences as defined in xent/divergence.hpp. Arguments are taken as checked; gradients may have another
// dtype than the logits.
#pragma once

#include <xent/divergence.hpp>

namespace xent::reference {

/// `divisor`: of the mean, 1 for none and sum.
void kl_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, double divisor);
void js_divergence(const ConstMatrixView& p_logits, const ConstMatrixView& q_logits,
                   const DivergenceOutputs& outputs, const DivergenceOptions& options,
                   const Upstream& upstream, double divisor);

}  // namespace xent::reference
