// Cross-entropy of a part of the vocabulary as defined in xent/shards.hpp, row by row. Arguments are taken as
// checked; the gradients may have another dtype than the logits.
#pragma once

#include <xent/shards.hpp>

namespace xent::reference {

void cross_entropy_partials(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                            std::span<RowPartial> partials, const LossOptions& options);

/// `divisor`: the mean's; 0 for an empty one.
void cross_entropy_shard_backward(const ConstMatrixView& logits, const TargetView& target, const Shard& shard,
                                  std::span<const RowPartial> merged, const CrossEntropyGrads& grads,
                                  const LossOptions& options, const Upstream& upstream, double divisor);

}  // namespace xent::reference
