// The piece of a row that a block, warp or group of lanes holds in shared memory.
#pragma once

#include <cstddef>
#include <cstdint>

namespace xent::gpu {

struct TileShape {
  std::int64_t columns = 0;
  std::size_t bytes = 0;
  int buffers = 1;    ///< 2: while a row is worked on, the next one comes into a second tile
  bool bulk = false;  ///< filled by the bulk copy engine; of blocks, on devices that have it

  bool operator==(const TileShape&) const = default;
};

/// A tile starts at the row's own place between two 16-byte boundaries, so it needs room for a shift.
constexpr TileShape tile_of(std::int64_t columns, std::size_t element_size, int buffers = 1) {
  return {columns, (static_cast<std::size_t>(columns) * element_size + 15) / 16 * 16 + 16, buffers};
}

}  // namespace xent::gpu
