// Text into HTML, bytes into data URIs.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace xent::mnist {

/// & < > " ' as entities: safe in text and in quoted attributes. Bytes that are not UTF-8 become U+FFFD.
std::string escape_html(std::string_view text);

/// Base64 with padding (RFC 4648).
std::string base64(std::span<const std::byte> bytes);

}  // namespace xent::mnist
