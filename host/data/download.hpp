// Files known by their hash, brought into a folder from whichever mirror serves them truly.
#pragma once

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "host/data/http.hpp"

namespace xent::data {

/// Receives one line for people at a time, without the newline.
using Notice = std::function<void(std::string_view)>;

struct RemoteFile {
  std::string name{};    ///< on the mirrors and in the folder
  std::string sha256{};  ///< of the unpacked content: mirrors may have packed it differently
};

struct Remote {
  std::vector<std::string> mirrors{};  ///< base URLs ending in '/', asked in this order
  std::vector<RemoteFile> files{};
  TransferLimits limits{};
};

/// The four files of MNIST and the public places that have them.
Remote mnist_remote();

/// Leaves every file in the folder, whole and of the right hash; files that are so already are kept. Each
/// grows as
/// "<name>.part", from which a later call resumes, and gets its name only once its hash is right. Mirrors
/// that fail or serve something else are passed over with a notice. Two processes take turns. Throws
/// io::IoError when no mirror has served some file, or the folder cannot be written.
void download(const Remote& remote, const std::filesystem::path& folder, const Notice& notice);

}  // namespace xent::data
