// The IDX files of MNIST: a big-endian header, then bytes. Plain or gzipped, told apart by content.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string_view>
#include <vector>

#include "host/data/dataset.hpp"

namespace xent::data {

/// What one file may hold once unpacked: room for 20 times MNIST, and a stop to what a gzip bomb can take.
inline constexpr std::uint64_t kMaxIdxBytes = std::uint64_t{1} << 30;

struct IdxImages {
  std::int64_t count = 0;
  std::int64_t height = 0;
  std::int64_t width = 0;
  std::vector<std::uint8_t> pixels{};  ///< count × height × width
};

/// Parses magic 0x00000803: count, height and width at least 1, and exactly the pixels they announce. Throws
/// io::FormatError with `name` for the file.
IdxImages parse_idx_images(std::span<const std::byte> bytes, std::string_view name,
                           std::uint64_t max_bytes = kMaxIdxBytes);

/// Parses magic 0x00000801: at least one label, each below `classes`, exactly as many as announced.
std::vector<std::uint8_t> parse_idx_labels(std::span<const std::byte> bytes, std::string_view name,
                                           std::int64_t classes = 10, std::uint64_t max_bytes = kMaxIdxBytes);

/// Reads two files that belong together; throws io::IoError, or io::FormatError also if their counts differ.
Dataset read_idx_pair(const std::filesystem::path& images, const std::filesystem::path& labels);

/// Whether the bytes start like HTML or XML: what a server sends instead of a file that is not there.
bool looks_like_web_page(std::span<const std::byte> bytes);

}  // namespace xent::data
