// Where one character of UTF-8 ends and the next begins.
#pragma once

#include <cstddef>
#include <string_view>

namespace xent::apps {

/// Bytes of the well-formed character at `i`, 0 if there is none: hostile text need not be UTF-8.
std::size_t character_length(std::string_view text, std::size_t i);

}  // namespace xent::apps
