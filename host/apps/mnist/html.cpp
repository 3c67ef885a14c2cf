// Everything a report shows goes through escape_html, file names above all.
#include "host/apps/mnist/html.hpp"

#include <array>
#include <cstdint>

#include "host/apps/common/utf8.hpp"

namespace xent::mnist {

std::string escape_html(std::string_view text) {
  std::string html;
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = apps::character_length(text, i);
    const std::string_view piece = text.substr(i, length);
    if (length == 0)
      html += "\xEF\xBF\xBD";
    else if (piece == "&")
      html += "&amp;";
    else if (piece == "<")
      html += "&lt;";
    else if (piece == ">")
      html += "&gt;";
    else if (piece == "\"")
      html += "&quot;";
    else if (piece == "'")
      html += "&#39;";
    else
      html += piece;
    i += length == 0 ? 1 : length;
  }
  return html;
}

std::string base64(std::span<const std::byte> bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const auto byte = [&](std::size_t k) {
      return k < bytes.size() ? std::to_integer<std::uint32_t>(bytes[k]) : 0U;
    };
    const std::uint32_t group = byte(i) << 16U | byte(i + 1) << 8U | byte(i + 2);
    const std::size_t digits = bytes.size() - i >= 3 ? 4 : bytes.size() - i + 1;
    for (std::size_t k = 0; k < 4; ++k) {
      text += k < digits ? kDigits[group >> (18U - 6U * static_cast<unsigned>(k)) & 63U] : '=';
    }
  }
  return text;
}

}  // namespace xent::mnist
