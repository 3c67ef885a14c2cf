// Whole files in, whole files out.
#include "host/io/file.hpp"

#include <algorithm>
#include <atomic>

#include <fcntl.h>
#include <sys/stat.h>

#include "host/io/descriptor.hpp"
#include "host/io/error.hpp"

namespace xent::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFirstRead = std::size_t{1} << 16;

void write_all(int fd, std::span<const std::byte> bytes, const fs::path& path) {
  while (!bytes.empty()) {
    const ssize_t n = retry_interrupted([&] { return ::write(fd, bytes.data(), bytes.size()); });
    if (n < 0) throw_io_error("write", path);
    bytes = bytes.subspan(static_cast<std::size_t>(n));
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

/// The new content until it is renamed into place; whatever stops that removes it.
class TemporaryFile {
 public:
  explicit TemporaryFile(const fs::path& target) {
    static std::atomic<unsigned> serial{0};
    // The name is unique among live processes; one that a kill left behind is passed over.
    do {
      path_ = target;
      path_ += ".tmp-" + std::to_string(::getpid()) + "-" + std::to_string(serial++);
      // 0666 lets the umask decide, as for any file the user makes.
      fd_ = Descriptor(retry_interrupted(
          [&] { return ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666); }));
    } while (!fd_ && errno == EEXIST);
    if (!fd_) throw_io_error("create", path_);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  ~TemporaryFile() {
    if (!renamed_) ::unlink(path_.c_str());
  }

  void fill(std::span<const std::byte> bytes) {
    write_all(fd_.get(), bytes, path_);
    if (retry_interrupted([&] { return ::fsync(fd_.get()); }) < 0) throw_io_error("sync", path_);
  }
  void keep_mode_of(const struct stat& old) {
    if (::fchmod(fd_.get(), old.st_mode & 0777) < 0) throw_io_error("set the mode of", path_);
  }
  void rename_to(const fs::path& target) {
    if (!fd_.close()) throw_io_error("close", path_);
    if (::rename(path_.c_str(), target.c_str()) < 0) throw_io_error("replace", target);
    renamed_ = true;
  }

 private:
  fs::path path_;
  Descriptor fd_;
  bool renamed_ = false;
};

}  // namespace

std::vector<std::byte> read_file(const fs::path& path, std::uint64_t max_bytes) {
  const Descriptor fd(retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!fd) throw_io_error("read", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) throw_io_error("read", path);
  if (S_ISDIR(status.st_mode)) throw_io_error("read", path, EISDIR);

  const auto refuse = [&] {
    throw FormatError("'" + path.string() + "' is larger than the " + std::to_string(max_bytes) +
                      " bytes allowed here");
  };
  const auto announced = static_cast<std::uint64_t>(status.st_size);
  if (announced > max_bytes) refuse();

  // The size is a hint only: a pipe has none, and a file may grow while it is read.
  std::vector<std::byte> bytes(std::max(static_cast<std::size_t>(announced) + 1, kFirstRead));
  std::size_t size = 0;
  while (true) {
    const ssize_t n =
        retry_interrupted([&] { return ::read(fd.get(), bytes.data() + size, bytes.size() - size); });
    if (n < 0) throw_io_error("read", path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
    if (size > max_bytes) refuse();
    if (size == bytes.size()) bytes.resize(2 * size);
  }
  bytes.resize(size);
  return bytes;
}

void write_file_atomically(const fs::path& path, std::span<const std::byte> bytes) {
  fs::path target = path;
  struct stat old {};
  const bool exists = ::stat(path.c_str(), &old) == 0;
  if (exists) {
    // Renaming over a device, say /dev/null, would turn it into a file for the whole system.
    if (!S_ISREG(old.st_mode)) throw IoError("cannot replace '" + path.string() + "': not a regular file");
    std::error_code error;
    target = fs::canonical(path, error);  // through a link: replace the file, not the link
    if (error) throw_io_error("replace", path, error.value());
  }
  TemporaryFile temporary(target);
  temporary.fill(bytes);
  if (exists) temporary.keep_mode_of(old);
  temporary.rename_to(target);
  sync_folder(target.has_parent_path() ? target.parent_path() : fs::path("."));
}

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace xent::io
