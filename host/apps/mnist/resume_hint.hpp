// The command that goes on with an interrupted run.
#pragma once

#include <filesystem>
#include <string>

#include "host/apps/mnist/options.hpp"

namespace xent::mnist {

/// Ready to paste into a shell: the program as it was called, --resume, and every option of the
/// interrupted call that is not in the checkpoint.
std::string resume_command(const TrainOptions& options, const std::filesystem::path& checkpoint);

}  // namespace xent::mnist
