// MNIST from wherever it is to be had: a folder, the cache, a mirror; or else synthetic digits.
#pragma once

#include <filesystem>
#include <optional>

#include "host/data/dataset.hpp"
#include "host/data/download.hpp"
#include "host/data/synthetic.hpp"

namespace xent::data {

/// Reads the four IDX files of a folder, each plain or gzipped, named as the original files are
/// ("train-images-idx3-ubyte", also "train-images.idx3-ubyte", with or without ".gz"; "t10k-…" for the test
/// set). Throws io::IoError if the folder or a file is missing, io::FormatError if they are not sound or do
/// not belong together.
TrainTest load_folder(const std::filesystem::path& folder);

struct LoadOptions {
  std::optional<std::filesystem::path> data{};  ///< --data: this folder and no other
  bool offline = false;                         ///< never touch the network
  Notice notice{};                              ///< may be empty
  SyntheticOptions synthetic{};                 ///< the digits when all else fails
  Remote remote = mnist_remote();               ///< what to download and from where
};

/// The first of these that is there: `options.data`, $XENT_MNIST_DIR, the cache, the mirrors, the synthetic
/// digits. A folder that was named but is unusable is an error and never passed over in silence; for the
/// rest a notice tells what was tried.
TrainTest load_digits(const LoadOptions& options = {});

/// $XENT_CACHE_DIR, or xent/ in $XDG_CACHE_HOME, or ~/.cache/xent; nothing if none of these is set.
std::optional<std::filesystem::path> cache_folder();

}  // namespace xent::data
