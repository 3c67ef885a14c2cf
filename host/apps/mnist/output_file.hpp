// Finds out before training whether the files that training ends with can be written.
#pragma once

#include <filesystem>
#include <string>

namespace xent::mnist {

/// For a file that will be replaced atomically: its folder must take a new file, and what stands there
/// now, if anything, must be a regular file (renaming over /dev/null would destroy the device). Leaves
/// nothing behind. Throws io::IoError naming option and path.
void check_replaceable(const std::string& option, const std::filesystem::path& path);

/// "xent-mnist.safetensors", or with -2, -3 … before the extension if that is taken: an interrupted run
/// that was given no name never overwrites another.
std::filesystem::path unused_checkpoint_name();

}  // namespace xent::mnist
