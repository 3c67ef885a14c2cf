// The safetensors container: named tensors and string metadata, as PyTorch's ecosystem exchanges them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <vector>

namespace xent::mlp::safetensors {

/// Bytes are little-endian, row-major, and belong to whoever holds the file's content.
struct Tensor {
  std::string dtype{};  ///< "F32", "F64", …
  std::vector<std::int64_t> shape{};
  std::span<const std::byte> bytes{};
};

struct File {
  std::map<std::string, std::string> metadata{};
  std::map<std::string, Tensor> tensors{};
};

/// Longest header that is read or written. Real ones take a few KiB, with a long run's note a few MiB.
constexpr std::uint64_t kMaxHeaderBytes = 1 << 23;

/// The container in `bytes`, which the tensors then point into. Every claim of the header is checked:
/// types, unique names, and that the tensors cover the data exactly, in range and without overlap.
/// Throws io::FormatError naming `source` (a path, for people) and the field.
File parse(std::span<const std::byte> bytes, const std::string& source);

/// The inverse of parse. Throws InvalidArgument if dtype, shape and bytes of a tensor disagree.
std::vector<std::byte> serialise(const File& file);

}  // namespace xent::mlp::safetensors
