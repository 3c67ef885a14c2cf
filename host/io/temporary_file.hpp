// A file's new content on its way: beside it, under a name of its own, until it is renamed into place.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include <sys/types.h>

#include "host/io/descriptor.hpp"

namespace xent::io {

/// "<target>.tmp-<pid>-<n>", removed unless it has replaced its target. Its writer holds a lock on it for as
/// long as it lives, so that the next one to the same target knows what a kill left behind, and removes it.
/// Everything throws IoError naming the target.
class TemporaryFile {
 public:
  explicit TemporaryFile(std::filesystem::path target);
  ~TemporaryFile();
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  /// Writes and syncs.
  void fill(std::span<const std::byte> bytes);
  void set_mode(mode_t mode);
  /// Syncs the folder too; if only that fails, the target is replaced all the same.
  void replace_target();

 private:
  std::filesystem::path target_;
  std::filesystem::path path_{};
  Descriptor fd_{};
  bool renamed_ = false;
};

}  // namespace xent::io
