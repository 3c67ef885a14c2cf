// What a call keeps in the caller's workspace: the report on labels, which lives from call to call, and
// intermediate sums, which do not.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xent::gpu {

/// Labels out of range, gathered without the host: how many, and the first row that has one, with its label
/// and the number of classes it was compared with. All zero bytes: none yet.
struct LabelReport {
  std::uint64_t count;
  std::uint64_t highest_complement;  ///< ~row, of the lowest row so far
  std::uint32_t lock;                ///< guards the rest
  std::uint32_t has_first;
  std::int64_t first_row;
  std::int64_t first_value;
  std::int64_t classes;
};

inline constexpr std::int64_t kRowsPerPart = 4096;

constexpr std::int64_t loss_parts(std::int64_t rows) { return (rows + kRowsPerPart - 1) / kRowsPerPart; }

/// Byte offsets of the workspace's parts for so many rows.
struct WorkspaceLayout {
  std::size_t report = 0;
  std::size_t valid_rows = 64;  ///< an int64 of this call
  std::size_t divisor = 72;     ///< a double of this call
  std::size_t ticket = 80;      ///< how many blocks of a sum are done: 0 before a call and after it
  std::size_t parts = 128;      ///< a double for each part of the rows: of their weights, then their losses
  std::size_t row_loss = 0;     ///< a double for each row
  std::size_t bytes = 0;

  explicit constexpr WorkspaceLayout(std::int64_t rows) {
    const auto doubles = [](std::int64_t n) {
      return (static_cast<std::size_t>(n) * sizeof(double) + 63) / 64 * 64;
    };
    row_loss = parts + doubles(loss_parts(rows));
    bytes = row_loss + doubles(rows);
  }
};

}  // namespace xent::gpu
