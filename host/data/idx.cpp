// IDX parsing: nothing in a header is believed before it is checked against the bytes that follow.
#include "host/data/idx.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdio>
#include <string>

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "host/io/gzip.hpp"

namespace xent::data {
namespace {

constexpr std::uint32_t kImagesMagic = 0x00000803;
constexpr std::uint32_t kLabelsMagic = 0x00000801;
constexpr std::size_t kImagesHeader = 16;
constexpr std::size_t kLabelsHeader = 8;
// Keeps count × height × width below 2^56 for any 32-bit count, so that the product cannot wrap.
constexpr std::uint32_t kMaxSide = 4096;

[[noreturn]] void fail(std::string_view name, const std::string& what) {
  throw io::FormatError(std::string(name) + ": " + what);
}

std::string hex(std::uint32_t value) {
  std::array<char, 11> text{};
  std::snprintf(text.data(), text.size(), "0x%08x", value);
  return text.data();
}

std::uint32_t big_endian_u32(std::span<const std::byte> bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return std::to_integer<std::uint32_t>(bytes[at + i]); };
  return byte(0) << 24 | byte(1) << 16 | byte(2) << 8 | byte(3);
}

std::string describe(std::uint32_t magic) {
  switch (magic) {
    case kImagesMagic: return hex(magic) + " (IDX images)";
    case kLabelsMagic: return hex(magic) + " (IDX labels)";
    default: return hex(magic);
  }
}

void check_header(std::span<const std::byte> bytes, std::string_view name, std::uint32_t magic,
                  std::size_t header) {
  if (bytes.empty()) fail(name, "the file is empty");
  if (looks_like_web_page(bytes)) fail(name, "this looks like a web page, not like IDX data");
  if (bytes.size() < 4)
    fail(name, "truncated: " + std::to_string(bytes.size()) + " bytes hold no IDX header");
  const std::uint32_t found = big_endian_u32(bytes, 0);
  if (found != magic) {
    const bool swapped = found == kImagesMagic || found == kLabelsMagic;
    fail(name, "wrong magic number " + describe(found) + ", expected " + describe(magic) +
                   (swapped ? "; are images and labels swapped?" : ""));
  }
  if (bytes.size() < header) {
    fail(name, "truncated in the header: " + std::to_string(bytes.size()) + " of " + std::to_string(header) +
                   " bytes");
  }
}

void check_payload(std::uint64_t found, std::uint64_t announced, std::string_view name,
                   const std::string& contents) {
  if (found == announced) return;
  fail(name, (found < announced ? "truncated: " : "too long: ") + ("the header announces " + contents) +
                 ", " + std::to_string(announced) + " bytes, but " + std::to_string(found) + " follow it");
}

std::vector<std::uint8_t> to_u8(std::span<const std::byte> bytes) {
  const auto* first = reinterpret_cast<const std::uint8_t*>(bytes.data());
  return {first, first + bytes.size()};
}

/// Calls parse on the plain bytes, unpacking them first where they are gzip.
template <typename Parse>
auto with_plain(std::span<const std::byte> bytes, std::string_view name, std::uint64_t max_bytes,
                Parse parse) {
  if (!io::looks_like_gzip(bytes)) return parse(bytes);
  const std::vector<std::byte> unpacked = io::gunzip(bytes, name, max_bytes);
  return parse(std::span<const std::byte>(unpacked));
}

IdxImages parse_plain_images(std::span<const std::byte> bytes, std::string_view name) {
  check_header(bytes, name, kImagesMagic, kImagesHeader);
  const std::uint32_t count = big_endian_u32(bytes, 4);
  const std::uint32_t height = big_endian_u32(bytes, 8);
  const std::uint32_t width = big_endian_u32(bytes, 12);
  const std::string contents =
      std::to_string(count) + " images of " + std::to_string(height) + "x" + std::to_string(width);
  if (count == 0) fail(name, "the header announces no images");
  if (height == 0 || width == 0 || height > kMaxSide || width > kMaxSide) {
    fail(name, "the header announces " + contents + "; a side must be from 1 to " + std::to_string(kMaxSide));
  }
  const auto payload = bytes.subspan(kImagesHeader);
  check_payload(payload.size(), std::uint64_t{count} * height * width, name, contents);
  return {count, height, width, to_u8(payload)};
}

std::vector<std::uint8_t> parse_plain_labels(std::span<const std::byte> bytes, std::string_view name,
                                             std::int64_t classes) {
  check_header(bytes, name, kLabelsMagic, kLabelsHeader);
  const std::uint32_t count = big_endian_u32(bytes, 4);
  if (count == 0) fail(name, "the header announces no labels");
  const auto payload = bytes.subspan(kLabelsHeader);
  check_payload(payload.size(), count, name, std::to_string(count) + " labels");
  std::vector<std::uint8_t> labels = to_u8(payload);
  const auto bad = std::ranges::find_if(labels, [&](std::uint8_t label) { return label >= classes; });
  if (bad != labels.end()) {
    fail(name, "label " + std::to_string(*bad) + " at index " + std::to_string(bad - labels.begin()) +
                   ", expected 0 to " + std::to_string(classes - 1));
  }
  return labels;
}

}  // namespace

bool looks_like_web_page(std::span<const std::byte> bytes) {
  std::string start;
  for (const std::byte byte : bytes.first(std::min<std::size_t>(bytes.size(), 256))) {
    start += static_cast<char>(std::tolower(std::to_integer<unsigned char>(byte)));
  }
  if (start.starts_with("\xef\xbb\xbf")) start.erase(0, 3);  // a UTF-8 byte order mark
  start.erase(0, start.find_first_not_of(" \t\r\n"));
  const std::array<std::string_view, 4> openings = {"<!doctype", "<html", "<?xml", "<head"};
  return std::ranges::any_of(openings, [&](std::string_view opening) { return start.starts_with(opening); });
}

IdxImages parse_idx_images(std::span<const std::byte> bytes, std::string_view name, std::uint64_t max_bytes) {
  return with_plain(bytes, name, max_bytes, [&](auto plain) { return parse_plain_images(plain, name); });
}

std::vector<std::uint8_t> parse_idx_labels(std::span<const std::byte> bytes, std::string_view name,
                                           std::int64_t classes, std::uint64_t max_bytes) {
  return with_plain(bytes, name, max_bytes,
                    [&](auto plain) { return parse_plain_labels(plain, name, classes); });
}

Dataset read_idx_pair(const std::filesystem::path& images_path, const std::filesystem::path& labels_path) {
  IdxImages images = parse_idx_images(io::read_file(images_path, kMaxIdxBytes), images_path.string());
  Dataset dataset{.count = images.count, .height = images.height, .width = images.width};
  dataset.pixels = std::move(images.pixels);
  dataset.labels =
      parse_idx_labels(io::read_file(labels_path, kMaxIdxBytes), labels_path.string(), dataset.classes);
  if (std::ssize(dataset.labels) != dataset.count) {
    throw io::FormatError("'" + images_path.string() + "' holds " + std::to_string(dataset.count) +
                          " images but '" + labels_path.string() + "' " +
                          std::to_string(dataset.labels.size()) + " labels");
  }
  return dataset;
}

}  // namespace xent::data
