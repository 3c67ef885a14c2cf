// Where a run is saved, and which option said so.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "host/apps/mnist/options.hpp"

namespace xent::mnist {

struct CheckpointPlace {
  std::string blame{};  ///< begins the message where it cannot be written
  std::filesystem::path path{};
};

/// --checkpoint, else --resume; without either nothing is saved until the run is interrupted.
std::optional<CheckpointPlace> checkpoint_place(const TrainOptions& options);

/// Whether it is the very file that the run was resumed from.
bool is_resumed_file(const TrainOptions& options, const CheckpointPlace& place);

/// For an interrupted run that was given no place: "xent-mnist.safetensors" in the folder, or with -2, -3 …
/// before the extension if that is taken, so that it never overwrites another.
CheckpointPlace unused_place(const std::filesystem::path& folder);

}  // namespace xent::mnist
