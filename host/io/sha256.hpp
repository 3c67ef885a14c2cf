// SHA-256, fed piece by piece: the identity of downloaded files.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string>

namespace xent::io {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  Sha256& update(std::span<const std::byte> bytes);

  /// The digest of everything fed since the start (or the last call), as 64 lower-case hex digits.
  std::string hex();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

std::string sha256_hex(std::span<const std::byte> bytes);

}  // namespace xent::io
