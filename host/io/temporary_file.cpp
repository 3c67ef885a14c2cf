// Names, locks and the removal of what is nobody's any more.
#include "host/io/temporary_file.hpp"

#include <algorithm>
#include <atomic>
#include <string>
#include <string_view>
#include <utility>

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>

namespace xent::io {
namespace {

namespace fs = std::filesystem;

fs::path folder_of(const fs::path& file) { return file.has_parent_path() ? file.parent_path() : "."; }
std::string prefix_of(const fs::path& target) { return target.filename().string() + ".tmp-"; }

bool is_number(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

bool is_temporary_name(std::string_view name, std::string_view prefix) {
  if (!name.starts_with(prefix)) return false;
  const std::string_view numbers = name.substr(prefix.size());
  const std::size_t dash = numbers.find('-');
  return dash != std::string_view::npos && is_number(numbers.substr(0, dash)) &&
         is_number(numbers.substr(dash + 1));
}

/// Whether the file still has a name: somebody may have removed it before it was locked.
bool has_name(const Descriptor& fd) {
  struct stat status {};
  return ::fstat(fd.get(), &status) == 0 && S_ISREG(status.st_mode) && status.st_nlink > 0;
}

/// A process id would not do as a sign of life: they are used again, and containers have each their own.
void remove_if_abandoned(const fs::path& path) {
  const Descriptor fd(retry_interrupted(
      [&] { return ::open(path.c_str(), O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC); }));
  if (fd && ::flock(fd.get(), LOCK_EX | LOCK_NB) == 0 && has_name(fd)) ::unlink(path.c_str());
}

void remove_abandoned(const fs::path& target) {
  const std::string prefix = prefix_of(target);
  std::error_code error;  // a folder one may not list keeps what it has
  for (fs::directory_iterator entry(folder_of(target), error), end; !error && entry != end;
       entry.increment(error)) {
    if (is_temporary_name(entry->path().filename().string(), prefix)) remove_if_abandoned(entry->path());
  }
}

/// A rename is durable only once its folder is; file systems that cannot sync a folder say EINVAL.
void sync_folder(const fs::path& folder) {
  const Descriptor fd(
      retry_interrupted([&] { return ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (!fd) return;  // a folder one may write to but not list: the rename stands, only less surely
  if (retry_interrupted([&] { return ::fsync(fd.get()); }) < 0 && errno != EINVAL) {
    throw_io_error("sync the folder", folder);
  }
}

}  // namespace

TemporaryFile::TemporaryFile(fs::path target) : target_(std::move(target)) {
  static std::atomic<unsigned> serial{0};
  remove_abandoned(target_);
  const std::string prefix = prefix_of(target_) + std::to_string(::getpid()) + "-";
  do {
    path_ = target_.parent_path() / (prefix + std::to_string(serial++));
    // 0666 lets the umask decide, as for any file the user makes.
    fd_ = Descriptor(retry_interrupted(
        [&] { return ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); }));
    if (!fd_ && errno != EEXIST) throw_io_error("write", target_);
    // Where locks are not to be had nobody else gets one either, and nothing is ever removed.
    if (fd_) retry_interrupted([&] { return ::flock(fd_.get(), LOCK_EX); });
  } while (!fd_ || !has_name(fd_));
}

TemporaryFile::~TemporaryFile() {
  if (!renamed_) ::unlink(path_.c_str());
}

void TemporaryFile::fill(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = retry_interrupted([&] { return ::write(fd_.get(), bytes.data(), bytes.size()); });
    if (n < 0) throw_io_error("write", target_);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
  if (retry_interrupted([&] { return ::fsync(fd_.get()); }) < 0) throw_io_error("sync", target_);
}

void TemporaryFile::set_mode(mode_t mode) {
  if (::fchmod(fd_.get(), mode) < 0) throw_io_error("set the mode of", target_);
}

void TemporaryFile::replace_target() {
  // Not closed before: the lock would go, and the next writer might take the file for an abandoned one.
  if (::rename(path_.c_str(), target_.c_str()) < 0) throw_io_error("replace", target_);
  renamed_ = true;
  sync_folder(folder_of(target_));
}

}  // namespace xent::io
