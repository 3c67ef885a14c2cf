// The preconditions that all functions of the cross-entropy family share.
#pragma once

#include <cstdint>
#include <vector>

#include <xent/cross_entropy.hpp>
#include <xent/exec.hpp>

#include "host/api/overlap.hpp"

namespace xent::api {

/// How many classes exist: labels lie below it.
std::int64_t valid_classes(const LogitTransform& transform, const Layout& layout);

/// Whether the options make sense for that kind of target.
void check_target(const LossOptions& options, const TargetView& target);

void check_cross_entropy_inputs(const ConstMatrixView& logits, const TargetView& target,
                                const LossOptions& options, const Upstream& upstream);

/// The memory that such a call reads besides its matrices.
std::vector<Footprint> cross_entropy_footprints(const TargetView& target, const LossOptions& options,
                                                const Upstream& upstream);

/// Checks all outputs but the gradients; their footprints and the workspace's.
std::vector<Footprint> check_row_outputs(const CrossEntropyOutputs& outputs, const TargetView& target,
                                         std::int64_t rows, std::int64_t classes, const LossOptions& options,
                                         const Exec& exec);

/// Checks the gradients and adds their footprints to `written` and those of the matrices, unless computed in
/// place, to `inputs`.
void check_grads(const CrossEntropyGrads& grads, const ConstMatrixView& logits, const TargetView& target,
                 std::vector<Footprint>& written, std::vector<Footprint>& inputs);

}  // namespace xent::api
