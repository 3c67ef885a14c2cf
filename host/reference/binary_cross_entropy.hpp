// Binary cross-entropy as defined in xent/binary_cross_entropy.hpp. Arguments are taken as checked; outputs
// may have another dtype than the logits.
#pragma once

#include <xent/binary_cross_entropy.hpp>

namespace xent::reference {

/// `divisor`: of the mean, 1 for none and sum.
void binary_cross_entropy(const ConstMatrixView& logits, const ConstMatrixView& targets,
                          const BinaryCrossEntropyOutputs& outputs, const BinaryCrossEntropyOptions& options,
                          const BinaryCrossEntropyUpstream& upstream, double divisor);

}  // namespace xent::reference
