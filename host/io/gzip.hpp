// gzip files in memory (RFC 1952): unpacked whole, checked whole, never beyond a stated size.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace xent::io {

/// Whether the bytes start like a gzip file; says nothing about the rest.
bool looks_like_gzip(std::span<const std::byte> bytes) noexcept;

/// Unpacks one or more gzip members, one after the other, into their joined content. Throws FormatError,
/// with `name` for the file, when the stream is cut off or damaged, is followed by anything else, or holds
/// more than max_bytes.
std::vector<std::byte> gunzip(std::span<const std::byte> bytes, std::string_view name,
                              std::uint64_t max_bytes);

}  // namespace xent::io
