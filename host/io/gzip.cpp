// gunzip by zlib's inflate; the care is in where the stream ends and how much it may produce.
#include "host/io/gzip.hpp"

#include <algorithm>
#include <limits>
#include <string>

#include <zlib.h>

#include "host/io/error.hpp"

namespace xent::io {
namespace {

constexpr int kGzipWindow = 15 + 16;  // the largest window, and the gzip wrapper
constexpr std::uint64_t kFirstOutput = std::uint64_t{1} << 16;

class Inflate {
 public:
  Inflate() {
    if (inflateInit2(&stream_, kGzipWindow) != Z_OK) throw IoError("zlib could not start: out of memory");
  }
  Inflate(const Inflate&) = delete;
  Inflate& operator=(const Inflate&) = delete;
  ~Inflate() { inflateEnd(&stream_); }

  void next_member() { inflateReset(&stream_); }

  /// Moves both spans past what was consumed and produced; zlib counts in 32 bits, so it may be part of it.
  int step(std::span<const std::byte>& in, std::span<std::byte>& out) {
    constexpr std::size_t kMax = std::numeric_limits<uInt>::max();
    // zlib's interface is not const-correct here; it only reads.
    stream_.next_in = const_cast<Bytef*>(reinterpret_cast<const Bytef*>(in.data()));
    stream_.avail_in = static_cast<uInt>(std::min(in.size(), kMax));
    stream_.next_out = reinterpret_cast<Bytef*>(out.data());
    stream_.avail_out = static_cast<uInt>(std::min(out.size(), kMax));
    const int status = inflate(&stream_, Z_NO_FLUSH);
    in =
        in.subspan(static_cast<std::size_t>(reinterpret_cast<const std::byte*>(stream_.next_in) - in.data()));
    out = out.subspan(static_cast<std::size_t>(reinterpret_cast<std::byte*>(stream_.next_out) - out.data()));
    return status;
  }
  const char* message() const { return stream_.msg != nullptr ? stream_.msg : "invalid data"; }

 private:
  z_stream stream_{};
};

}  // namespace

bool looks_like_gzip(std::span<const std::byte> bytes) noexcept {
  return bytes.size() >= 2 && bytes[0] == std::byte{0x1f} && bytes[1] == std::byte{0x8b};
}

std::vector<std::byte> gunzip(std::span<const std::byte> bytes, std::string_view name,
                              std::uint64_t max_bytes) {
  const auto fail = [&](const std::string& what) { throw FormatError(std::string(name) + ": " + what); };
  if (!looks_like_gzip(bytes)) fail("not a gzip file");

  // One byte of room beyond the limit tells "exactly full" from "more to come".
  const std::uint64_t room = max_bytes + (max_bytes < std::numeric_limits<std::uint64_t>::max() ? 1 : 0);
  std::vector<std::byte> content(static_cast<std::size_t>(std::min(room, kFirstOutput)));
  std::size_t size = 0;
  std::span<const std::byte> in = bytes;
  Inflate inflate;
  while (true) {
    std::span<std::byte> out = std::span(content).subspan(size);
    const int status = inflate.step(in, out);
    size = content.size() - out.size();
    if (size > max_bytes)
      fail("unpacks to more than the " + std::to_string(max_bytes) + " bytes allowed here");
    if (status == Z_STREAM_END) {
      if (in.empty()) break;
      if (!looks_like_gzip(in))
        fail(std::to_string(in.size()) + " bytes of something else follow the gzip data");
      inflate.next_member();
    } else if (status == Z_DATA_ERROR || status == Z_NEED_DICT) {
      fail(std::string("damaged gzip data (") + inflate.message() + ")");
    } else if (status == Z_MEM_ERROR) {
      throw IoError(std::string(name) + ": zlib ran out of memory");
    } else if (in.empty() && !out.empty()) {
      fail("gzip data cut off after " + std::to_string(bytes.size()) + " bytes (" + std::to_string(size) +
           " unpacked)");
    }
    if (size == content.size())
      content.resize(static_cast<std::size_t>(std::min<std::uint64_t>(room, 2 * size)));
  }
  content.resize(size);
  return content;
}

}  // namespace xent::io
