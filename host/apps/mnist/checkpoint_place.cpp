// A free name is found by counting up until nothing is there.
#include "host/apps/mnist/checkpoint_place.hpp"

#include <system_error>

#include "host/apps/common/text.hpp"

namespace xent::mnist {

std::optional<CheckpointPlace> checkpoint_place(const TrainOptions& options) {
  if (options.checkpoint) return CheckpointPlace{"--checkpoint", *options.checkpoint};
  if (options.resume) return CheckpointPlace{"--resume", *options.resume};
  return std::nullopt;
}

bool is_resumed_file(const TrainOptions& options, const CheckpointPlace& place) {
  std::error_code unknown;
  return options.resume && std::filesystem::equivalent(*options.resume, place.path, unknown);
}

CheckpointPlace unused_place(const std::filesystem::path& folder) {
  std::filesystem::path path = folder / "xent-mnist.safetensors";
  std::error_code ignored;  // a folder that is lost has no names: the save will say so
  for (int i = 2; std::filesystem::exists(path, ignored); ++i) {
    path = folder / apps::cat("xent-mnist-", std::to_string(i), ".safetensors");
  }
  return {.blame = "interrupted", .path = path};
}

}  // namespace xent::mnist
