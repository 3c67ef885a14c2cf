// Mirrors, resumption and verification.
#include "host/data/download.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <optional>
#include <set>

#include <fcntl.h>
#include <sys/file.h>

#include "host/data/idx.hpp"
#include "host/io/descriptor.hpp"
#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "host/io/gzip.hpp"
#include "host/io/sha256.hpp"

namespace xent::data {
namespace {

namespace fs = std::filesystem;

constexpr int kAttempts = 4;  // per file and mirror, each continuing the one before
constexpr std::uint64_t kMaxUnpacked = std::uint64_t{256} << 20;

/// Why this is not the file, if it is not.
std::optional<std::string> find_fault(const fs::path& path, const RemoteFile& file, std::uint64_t max_bytes) {
  try {
    std::vector<std::byte> bytes = io::read_file(path, max_bytes);
    if (looks_like_web_page(bytes)) return "a web page instead of the file";
    if (io::looks_like_gzip(bytes)) bytes = io::gunzip(bytes, file.name, kMaxUnpacked);
    const std::string found = io::sha256_hex(bytes);
    if (found == file.sha256) return std::nullopt;
    return "wrong content (SHA-256 " + found + ", expected " + file.sha256 + ")";
  } catch (const io::FormatError& error) {
    return error.what();
  }
}

/// Held while one process downloads, so that two never write the same part.
class FolderLock {
 public:
  FolderLock(const fs::path& folder, const Notice& notice)
      : fd_(::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    if (!fd_) io::throw_io_error("open the folder", folder);
    if (::flock(fd_.get(), LOCK_EX | LOCK_NB) == 0 || errno != EWOULDBLOCK)
      return;  // some file systems lock nothing
    notice("waiting for another process that downloads into " + folder.string());
    io::retry_interrupted([&] { return ::flock(fd_.get(), LOCK_EX); });
  }

 private:
  io::Descriptor fd_;  // closing it unlocks
};

class Downloader {
  using Clock = std::chrono::steady_clock;

 public:
  Downloader(const Remote& remote, const fs::path& folder, const Notice& notice)
      : remote_(remote), folder_(folder), notice_(notice) {}

  void bring(const RemoteFile& file) {
    const fs::path target = folder_ / file.name;
    if (fs::exists(target)) {
      const auto fault = find_fault(target, file, remote_.limits.max_bytes);
      if (!fault) return;
      notice_(target.string() + " is damaged and will be replaced: " + *fault);
    }
    for (const std::string& mirror : remote_.mirrors) {
      if (unreachable_.contains(mirror) || left_for_an_answer() <= Clock::duration::zero()) continue;
      const auto fault = bring_from(mirror, file);
      if (!fault) return;
      notice_(mirror + file.name + ": " + *fault);
    }
    throw io::IoError("no mirror has served " + file.name);
  }

 private:
  /// Why it failed, if it did.
  std::optional<std::string> bring_from(const std::string& mirror, const RemoteFile& file) {
    const fs::path part = folder_ / (file.name + ".part");
    std::string reason;
    for (int attempt = 0; attempt < kAttempts; ++attempt) {
      announce(mirror, file, part);
      const TransferResult result = fetch(mirror + file.name, part, limits());
      reason = result.reason;
      if (result.outcome == TransferOutcome::unreachable) unreachable_.insert(mirror);
      answered_ = answered_ || result.outcome != TransferOutcome::unreachable;
      if (result.outcome == TransferOutcome::interrupted) continue;
      if (result.outcome != TransferOutcome::complete) return reason;

      const auto fault = find_fault(part, file, remote_.limits.max_bytes);
      if (!fault) {
        fs::rename(part, folder_ / file.name);
        return std::nullopt;
      }
      fs::remove(part);
      reason = *fault;
      if (!result.resumed) return reason;  // else the earlier part may be to blame: once more from the start
    }
    return reason;
  }

  /// A network where everybody is silent must not cost a wait for each mirror.
  Clock::duration left_for_an_answer() const {
    return answered_ ? Clock::duration::max() : start_ + remote_.limits.first - Clock::now();
  }
  TransferLimits limits() const {
    TransferLimits limits = remote_.limits;
    if (answered_) return limits;
    const auto left = std::chrono::ceil<std::chrono::seconds>(left_for_an_answer());
    limits.connect = std::clamp(left, std::chrono::seconds(1), limits.connect);
    limits.stall = std::min(limits.stall, limits.connect);
    return limits;
  }

  void announce(const std::string& mirror, const RemoteFile& file, const fs::path& part) const {
    std::error_code none;
    const auto have = fs::file_size(part, none);
    const std::string from = none || have == 0 ? "" : ", resuming at byte " + std::to_string(have);
    notice_("downloading " + mirror + file.name + from);
  }

  const Remote& remote_;
  const fs::path& folder_;
  const Notice& notice_;
  Clock::time_point start_ = Clock::now();
  bool answered_ = false;
  std::set<std::string> unreachable_{};
};

}  // namespace

Remote mnist_remote() {
  return {
      .mirrors = {"https://ossci-datasets.s3.amazonaws.com/mnist/",
                  "https://storage.googleapis.com/cvdf-datasets/mnist/",
                  "https://raw.githubusercontent.com/fgnt/mnist/master/",
                  "https://azureopendatastorage.blob.core.windows.net/mnist/"},
      .files =
          {{"train-images-idx3-ubyte.gz", "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"},
           {"train-labels-idx1-ubyte.gz", "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"},
           {"t10k-images-idx3-ubyte.gz", "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"},
           {"t10k-labels-idx1-ubyte.gz", "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2"}},
  };
}

void download(const Remote& remote, const fs::path& folder, const Notice& notice) {
  const Notice say = notice ? notice : [](std::string_view) {};
  try {
    fs::create_directories(folder);
    const FolderLock lock(folder, say);
    Downloader downloader(remote, folder, say);
    for (const RemoteFile& file : remote.files) downloader.bring(file);
  } catch (const fs::filesystem_error& error) {
    throw io::IoError(error.what());
  }
}

}  // namespace xent::data
