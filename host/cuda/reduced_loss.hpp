// The end of a call whose losses become one number.
#pragma once

#include <xent/exec.hpp>

#include "host/cuda/workspace.hpp"
#include "kernels/reduction/arguments.hpp"

namespace xent::cuda {

/// Adds up the first `count` numbers of the workspace's row_loss, no more than it has, in an order of `count`
/// alone. `sum` says where to and what is done with it; the numbers and the places are filled in.
void reduce_losses(const CallWorkspace& workspace, std::int64_t count, gpu::LossSumArguments sum,
                   const Exec& exec);

}  // namespace xent::cuda
