// Which kernels serve a cross-entropy call: the plain ones know labels and smoothing, the general ones every
// option, at the price of more passes over a row and of branches in them.
#pragma once

#include <xent/cross_entropy.hpp>
#include <xent/exec.hpp>

#include "kernels/instances/table.hpp"

namespace xent::cuda {

/// Whether the plain kernels know all that the call's numbers depend on.
bool is_plain(const TargetView& target, const LossOptions& options, const Upstream& upstream,
              std::int64_t classes);

/// Whether outputs are asked for that the plain kernels do not give.
bool wants_more(const CrossEntropyOutputs& outputs);

/// Classes that exist.
std::int64_t valid_classes(const LossOptions& options, const Layout& layout);

/// What a general kernel has to know besides a plain one's arguments.
gpu::GeneralCrossEntropyArguments general_arguments(const gpu::CrossEntropyArguments& base,
                                                    const TargetView& target, const LossOptions& options,
                                                    const Upstream& upstream);
void launch_general(gpu::Op op, const gpu::GeneralCrossEntropyArguments& arguments, const Exec& exec);

}  // namespace xent::cuda
