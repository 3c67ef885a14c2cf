// Layout: 8 bytes header length (little-endian), a JSON header, then the tensors' bytes without gaps.
#include "host/mlp/safetensors.hpp"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <set>
#include <utility>

#include <nlohmann/json.hpp>
#include <xent/error.hpp>

#include "host/io/error.hpp"

namespace xent::mlp::safetensors {
namespace {

using nlohmann::json;

static_assert(std::endian::native == std::endian::little, "tensors are copied as they lie in memory");

constexpr std::size_t kLengthBytes = 8;
constexpr const char* kMetadata = "__metadata__";

std::optional<std::uint64_t> element_bytes(const std::string& dtype) {
  static const std::map<std::string, std::uint64_t> sizes = {
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"U16", 2}, {"I16", 2}, {"F16", 2},
      {"BF16", 2}, {"U32", 4}, {"I32", 4}, {"F32", 4},     {"U64", 8},     {"I64", 8}, {"F64", 8}};
  const auto found = sizes.find(dtype);
  return found == sizes.end() ? std::nullopt : std::optional(found->second);
}

/// Bytes of a tensor of this dtype and shape; nothing if unknown, negative or beyond 64 bits.
std::optional<std::uint64_t> tensor_bytes(const Tensor& tensor) {
  std::optional<std::uint64_t> bytes = element_bytes(tensor.dtype);
  for (const std::int64_t extent : tensor.shape) {
    if (!bytes || extent < 0) return std::nullopt;
    std::uint64_t product = 0;
    if (__builtin_mul_overflow(*bytes, static_cast<std::uint64_t>(extent), &product)) return std::nullopt;
    bytes = product;
  }
  return bytes;
}

/// One header being read: where it came from, for the messages.
class Reader {
 public:
  Reader(std::span<const std::byte> bytes, const std::string& source) : bytes_(bytes), source_(source) {}

  File read() {
    const json header = parse_header();
    File file;
    for (const auto& [name, entry] : header.items()) {
      if (name == kMetadata) {
        file.metadata = metadata(entry);
      } else {
        file.tensors.emplace(name, tensor(name, entry));
      }
    }
    check_cover(file);
    return file;
  }

 private:
  [[noreturn]] void refuse(const std::string& text) const {
    constexpr std::size_t kLongest = 300;  // a hostile name may be a megabyte
    throw io::FormatError(source_ + ": not a valid safetensors file: " + text.substr(0, kLongest));
  }

  json parse_header() {
    if (bytes_.size() < kLengthBytes) {
      refuse("it has " + std::to_string(bytes_.size()) + " bytes, the header's length alone takes 8");
    }
    std::uint64_t length = 0;
    std::memcpy(&length, bytes_.data(), kLengthBytes);
    const std::uint64_t available = bytes_.size() - kLengthBytes;
    if (length > kMaxHeaderBytes || length > available) {
      refuse("header length is " + std::to_string(length) + ", must be at most " +
             std::to_string(std::min(kMaxHeaderBytes, available)));
    }
    data_ = bytes_.subspan(kLengthBytes + static_cast<std::size_t>(length));
    const auto* text = reinterpret_cast<const char*>(bytes_.data()) + kLengthBytes;
    return parse_json({text, static_cast<std::size_t>(length)});
  }

  /// The JSON library keeps the last of two equal names silently, so names are watched as they come.
  json parse_json(std::string_view text) const {
    if (text.empty() || text.front() != '{') refuse("the header does not start with '{'");
    std::vector<std::set<std::string>> names;
    const auto watch = [&](int, json::parse_event_t event, json& parsed) {
      if (event == json::parse_event_t::object_start) names.emplace_back();
      if (event == json::parse_event_t::object_end) names.pop_back();
      if (event == json::parse_event_t::key && !names.back().insert(parsed.get<std::string>()).second) {
        refuse("the name \"" + parsed.get<std::string>() + "\" appears twice");
      }
      return true;
    };
    try {
      return json::parse(text, watch);
    } catch (const json::exception& error) {
      refuse(std::string("the header is not JSON (") + error.what() + ")");
    }
  }

  std::map<std::string, std::string> metadata(const json& entry) const {
    if (!entry.is_object()) refuse(std::string(kMetadata) + " is not an object");
    std::map<std::string, std::string> result;
    for (const auto& [key, value] : entry.items()) {
      if (!value.is_string()) refuse(std::string(kMetadata) + "." + key + " is not a string");
      result.emplace(key, value.get<std::string>());
    }
    return result;
  }

  std::vector<std::int64_t> integers(const std::string& where, const json& entry) const {
    if (!entry.is_array()) refuse(where + " is not an array");
    std::vector<std::int64_t> result;
    for (const json& value : entry) {
      if (!value.is_number_unsigned() || !std::in_range<std::int64_t>(value.get<std::uint64_t>())) {
        refuse(where + " holds " + value.dump() + ", must hold integers from 0 to 2^63 - 1");
      }
      result.push_back(value.get<std::int64_t>());
    }
    return result;
  }

  Tensor tensor(const std::string& name, const json& entry) const {
    const bool complete = entry.is_object() && entry.size() == 3 && entry.contains("dtype") &&
                          entry["dtype"].is_string() && entry.contains("shape") &&
                          entry.contains("data_offsets");
    if (!complete) refuse(name + " is not an object of dtype, shape and data_offsets");
    Tensor result{.dtype = entry["dtype"], .shape = integers(name + ".shape", entry["shape"])};
    const std::vector<std::int64_t> offsets = integers(name + ".data_offsets", entry["data_offsets"]);
    const auto size = static_cast<std::int64_t>(data_.size());
    if (offsets.size() != 2 || offsets[0] > offsets[1] || offsets[1] > size) {
      refuse(name + ".data_offsets is " + entry["data_offsets"].dump() +
             ", must be [begin, end] within [0, " + std::to_string(size) + "]");
    }
    result.bytes = data_.subspan(static_cast<std::size_t>(offsets[0]),
                                 static_cast<std::size_t>(offsets[1] - offsets[0]));
    if (tensor_bytes(result) != result.bytes.size()) {
      refuse(name + " has " + std::to_string(result.bytes.size()) + " bytes, which is not what dtype " +
             result.dtype + " and shape " + entry["shape"].dump() + " take");
    }
    return result;
  }

  void check_cover(const File& file) const {
    std::vector<std::pair<std::span<const std::byte>, std::string>> parts;
    parts.reserve(file.tensors.size());
    for (const auto& [name, tensor] : file.tensors) parts.emplace_back(tensor.bytes, name);
    std::sort(parts.begin(), parts.end(), [](const auto& a, const auto& b) {
      return std::pair(a.first.data(), a.first.size()) < std::pair(b.first.data(), b.first.size());
    });
    const std::byte* end = data_.data();
    for (const auto& [bytes, name] : parts) {
      if (bytes.data() != end) refuse(name + " overlaps another tensor or leaves a gap before it");
      end = bytes.data() + bytes.size();
    }
    if (end != data_.data() + data_.size()) {
      refuse(std::to_string(data_.data() + data_.size() - end) + " bytes at the end belong to no tensor");
    }
  }

  std::span<const std::byte> bytes_;
  std::span<const std::byte> data_;
  const std::string& source_;
};

}  // namespace

File parse(std::span<const std::byte> bytes, const std::string& source) {
  return Reader(bytes, source).read();
}

std::vector<std::byte> serialise(const File& file) {
  json header = json::object();
  if (!file.metadata.empty()) header[kMetadata] = file.metadata;
  std::uint64_t offset = 0;
  for (const auto& [name, tensor] : file.tensors) {
    if (tensor_bytes(tensor) != tensor.bytes.size()) {
      throw InvalidArgument("safetensors: " + name + " has " + std::to_string(tensor.bytes.size()) +
                            " bytes, which is not what its dtype and shape take");
    }
    const std::uint64_t end = offset + tensor.bytes.size();
    header[name] = {{"dtype", tensor.dtype}, {"shape", tensor.shape}, {"data_offsets", {offset, end}}};
    offset = end;
  }
  std::string text = header.dump();
  text.resize((text.size() + 7) / 8 * 8, ' ');  // so that the tensors start aligned

  std::vector<std::byte> bytes(kLengthBytes + text.size() + static_cast<std::size_t>(offset));
  const std::uint64_t length = text.size();
  std::memcpy(bytes.data(), &length, kLengthBytes);
  std::memcpy(bytes.data() + kLengthBytes, text.data(), text.size());
  std::byte* out = bytes.data() + kLengthBytes + text.size();
  for (const auto& [name, tensor] : file.tensors) {
    out = std::copy(tensor.bytes.begin(), tensor.bytes.end(), out);
  }
  return bytes;
}

}  // namespace xent::mlp::safetensors
