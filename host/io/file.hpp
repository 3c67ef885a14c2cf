// Whole files, read and written so that a crash, a full disk or a kill leaves the old content or the new.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <span>
#include <string_view>
#include <vector>

namespace xent::io {

/// The file's bytes. Throws IoError if it cannot be read, FormatError if it is larger than max_bytes, or
/// larger than 256 MiB if it does not say its size, as pipes and devices do not.
std::vector<std::byte> read_file(const std::filesystem::path& path,
                                 std::uint64_t max_bytes = std::numeric_limits<std::uint64_t>::max());

/// Replaces the file's content: writes a temporary file beside it, syncs it, renames it over the old
/// one, syncs the folder. A link is followed, the old file's mode kept. Throws IoError; then the old file is
/// untouched and the temporary one is gone (if only the folder's sync failed, the new content is in place but
/// a power cut may still undo it). A kill leaves the old file or the new, and at worst a file
/// "<path>.tmp-<pid>-<n>" beside it, which the next save removes.
void write_file_atomically(const std::filesystem::path& path, std::span<const std::byte> bytes);
void write_file_atomically(const std::filesystem::path& path, std::string_view text);

/// Throws what write_file_atomically() would throw before it writes: for a folder that is missing or takes no
/// new file, a name too long for a temporary one beside it, anything but a regular file. Leaves nothing
/// behind.
void check_replaceable(const std::filesystem::path& path);

}  // namespace xent::io
