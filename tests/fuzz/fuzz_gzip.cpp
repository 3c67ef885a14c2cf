// gunzip: any bytes give content within the limit or a FormatError.
#include <cstdint>
#include <cstdlib>
#include <span>

#include "host/io/error.hpp"
#include "host/io/gzip.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  // The first byte chooses the limit, so that running into it is tried as well.
  if (size == 0) return 0;
  const std::uint64_t limit = std::uint64_t{1} << (data[0] % 21);
  try {
    const auto content = xent::io::gunzip(std::as_bytes(std::span(data, size).subspan(1)), "input", limit);
    if (content.size() > limit) std::abort();
  } catch (const xent::io::FormatError&) {
  }
  return 0;
}
