// The mappings of rows to threads that are compiled. A plan chooses among these and no others.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace xent::gpu {

enum class Mapping : std::uint8_t {
  few_lanes,   ///< eight rows to a warp
  warp,        ///< a warp per row
  block,       ///< a block per row
  wide_block,  ///< a large block per row, or with others in a cluster; two to a multiprocessor
};

struct MappingShape {
  int team;   ///< threads that share a row, in one block
  int block;  ///< threads of a block
};

inline constexpr std::array<MappingShape, 4> kMappings{{{4, 128}, {32, 128}, {256, 256}, {512, 512}}};

constexpr const MappingShape& shape_of(Mapping mapping) {
  return kMappings[static_cast<std::size_t>(mapping)];
}

/// Rows that a block holds at a time.
constexpr int rows_per_block(Mapping mapping) {
  const MappingShape& shape = shape_of(mapping);
  return shape.block / shape.team;
}

constexpr const char* name(Mapping mapping) {
  switch (mapping) {
    case Mapping::few_lanes: return "4 lanes per row";
    case Mapping::warp: return "a warp per row";
    case Mapping::block: return "256 threads per row";
    case Mapping::wide_block: return "512 threads per row";
  }
  return "invalid";
}

}  // namespace xent::gpu
