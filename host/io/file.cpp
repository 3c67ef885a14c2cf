// Whole files in, whole files out.
#include "host/io/file.hpp"

#include <algorithm>
#include <optional>

#include <fcntl.h>
#include <sys/stat.h>

#include "host/io/descriptor.hpp"
#include "host/io/error.hpp"
#include "host/io/temporary_file.hpp"

namespace xent::io {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kFirstRead = std::size_t{1} << 16;
// A pipe or a device does not say how much it holds, and /dev/zero never ends.
constexpr std::uint64_t kMaxUnsized = std::uint64_t{256} << 20;

/// What a replacement of a path replaces.
struct Target {
  fs::path path;
  std::optional<mode_t> mode{};  ///< of the file that is there now
};

/// Through links: they stay, and the file they lead to is replaced, or made where it is missing.
Target target_of(fs::path path) {
  struct stat old {};
  const bool exists = ::stat(path.c_str(), &old) == 0;
  if (!exists && errno != ENOENT) throw_io_error("write", path);
  // Renaming over a device, say /dev/null, would turn it into a file for the whole system.
  if (exists && !S_ISREG(old.st_mode)) throw_io_error("write", path, "not a regular file");
  std::error_code error;
  while (!error && fs::is_symlink(path, error)) path = path.parent_path() / fs::read_symlink(path, error);
  if (error && error != std::errc::no_such_file_or_directory) throw_io_error("write", path, error.message());
  return {.path = path, .mode = exists ? std::optional<mode_t>(old.st_mode & 0777) : std::nullopt};
}

}  // namespace

std::vector<std::byte> read_file(const fs::path& path, std::uint64_t max_bytes) {
  const Descriptor fd(retry_interrupted([&] { return ::open(path.c_str(), O_RDONLY | O_CLOEXEC); }));
  if (!fd) throw_io_error("read", path);
  struct stat status {};
  if (::fstat(fd.get(), &status) < 0) throw_io_error("read", path);
  if (S_ISDIR(status.st_mode)) throw_io_error("read", path, EISDIR);

  const std::uint64_t limit = S_ISREG(status.st_mode) ? max_bytes : std::min(max_bytes, kMaxUnsized);
  const auto refuse = [&] {
    throw FormatError("'" + path.string() + "' is larger than the " + std::to_string(limit) +
                      " bytes allowed here");
  };
  const auto announced = static_cast<std::uint64_t>(status.st_size);
  if (announced > limit) refuse();

  // The size is a hint only: a pipe has none, and a file may grow while it is read.
  std::vector<std::byte> bytes(std::max(static_cast<std::size_t>(announced) + 1, kFirstRead));
  std::size_t size = 0;
  while (true) {
    const ssize_t n =
        retry_interrupted([&] { return ::read(fd.get(), bytes.data() + size, bytes.size() - size); });
    if (n < 0) throw_io_error("read", path);
    if (n == 0) break;
    size += static_cast<std::size_t>(n);
    if (size > limit) refuse();
    if (size == bytes.size()) bytes.resize(2 * size);
  }
  bytes.resize(size);
  return bytes;
}

void write_file_atomically(const fs::path& path, std::span<const std::byte> bytes) {
  const Target target = target_of(path);
  TemporaryFile temporary(target.path);
  temporary.fill(bytes);
  if (target.mode) temporary.set_mode(*target.mode);
  temporary.replace_target();
}

void check_replaceable(const fs::path& path) { const TemporaryFile probe(target_of(path).path); }

void write_file_atomically(const fs::path& path, std::string_view text) {
  write_file_atomically(path, std::as_bytes(std::span(text)));
}

}  // namespace xent::io
