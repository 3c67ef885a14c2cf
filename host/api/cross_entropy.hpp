// The preconditions that all functions of the cross-entropy family share.
#pragma once

#include <cstdint>
#include <vector>

#include <xent/cross_entropy.hpp>

#include "host/api/overlap.hpp"

namespace xent::api {

/// How many classes exist: labels lie below it.
std::int64_t valid_classes(const LogitTransform& transform, const Layout& layout);

void check_cross_entropy_inputs(const ConstMatrixView& logits, const TargetView& target,
                                const LossOptions& options, const Upstream& upstream);

/// The memory that such a call reads besides its matrices.
std::vector<Footprint> cross_entropy_footprints(const TargetView& target, const LossOptions& options,
                                                const Upstream& upstream);

/// Checks the gradients and adds their footprints to `written` and those of the matrices, unless computed in
/// place, to `inputs`.
void check_grads(const CrossEntropyGrads& grads, const ConstMatrixView& logits, const TargetView& target,
                 std::vector<Footprint>& written, std::vector<Footprint>& inputs);

}  // namespace xent::api
