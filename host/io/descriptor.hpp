// A POSIX file descriptor with an owner, and the loops and messages every system call needs.
#pragma once

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <string>
#include <utility>

#include <unistd.h>

#include "host/io/error.hpp"

namespace xent::io {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) noexcept : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() {
    if (fd_ >= 0) ::close(fd_);
  }

  int get() const noexcept { return fd_; }
  explicit operator bool() const noexcept { return fd_ >= 0; }

 private:
  int fd_ = -1;
};

/// Repeats a system call that a signal interrupted.
template <typename Call>
auto retry_interrupted(Call&& call) {
  decltype(call()) result;
  do {
    result = call();
  } while (result < 0 && errno == EINTR);
  return result;
}

/// "cannot <action> '<path>': <why>", by default what errno says: read before anything else can change it.
[[noreturn]] inline void throw_io_error(const std::string& action, const std::filesystem::path& path,
                                        const std::string& why) {
  throw IoError("cannot " + action + " '" + path.string() + "': " + why);
}
[[noreturn]] inline void throw_io_error(const std::string& action, const std::filesystem::path& path,
                                        int error = errno) {
  throw_io_error(action, path, std::string(std::strerror(error)));
}

}  // namespace xent::io
