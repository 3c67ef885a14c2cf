// The mappings of rows to threads in which every kernel is tested.
#pragma once

#include <cstdint>
#include <ostream>
#include <tuple>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "kernels/primitives/launch.cuh"
#include "kernels/row/tile.cuh"
#include "tests/support/bounds.hpp"

namespace xent::testing {

/// A team of threads per row, and how many of a row's columns each block (or warp, or group) holds at once.
struct Mapping {
  const char* name;
  int team;
  std::int64_t tile_columns;
  unsigned grid;
  unsigned cluster = 1;
  int buffers = 1;    ///< 2: the next row comes while one is worked on, where a row is one tile
  bool bulk = false;  ///< tiles are filled by the bulk copy engine
};
inline void PrintTo(const Mapping& mapping, std::ostream* out) { *out << mapping.name; }
inline constexpr Mapping kMappings[] = {
    {"four_lanes", 4, 32, 3},
    {"eight_lanes_two_tiles", 8, 20, 2},
    {"warp", 32, 1100, 2},
    {"warp_tiles", 32, 96, 3},
    {"block", 128, 6000, 2},
    {"block_tiles", 128, 512, 3},
    {"cluster", 128, 1300, 8, 4},
    {"cluster_tiles", 128, 96, 4, 2},
    {"block_ahead", 128, 1100, 2, 1, 2},
    {"cluster_ahead", 128, 320, 4, 4, 2},
    {"block_bulk", 128, 512, 3, 1, 1, true},
    {"cluster_bulk", 128, 96, 4, 2, 1, true},
    {"block_ahead_bulk", 128, 1100, 2, 1, 2, true},
    {"cluster_ahead_bulk", 128, 320, 4, 4, 2, true},
};
inline constexpr int kBlock = 128;

/// run(T{}, constant of the team's size): once, for the element type and mapping at hand.
template <class Run>
void dispatch(DType dtype, const Mapping& mapping, const Run& run) {
  const auto with_type = [&]<class T>(T type) {
    switch (mapping.team) {
      case 4: return run(type, std::integral_constant<int, 4>());
      case 8: return run(type, std::integral_constant<int, 8>());
      case 32: return run(type, std::integral_constant<int, 32>());
      default: return run(type, std::integral_constant<int, kBlock>());
    }
  };
  switch (dtype) {
    case DType::f32: return with_type(float());
    case DType::f16: return with_type(f16());
    case DType::bf16: return with_type(bf16());
    case DType::f64: return with_type(double());
  }
}

template <class T>
gpu::TileShape tile_of(const Mapping& mapping) {
  gpu::TileShape tile = gpu::tile_of(mapping.tile_columns, sizeof(T), mapping.buffers);
  tile.bulk = mapping.bulk;
  return tile;
}

/// The launch of a kernel whose teams hold so many tiles each.
template <class T, int kTeam>
gpu::LaunchConfig launch_config(const Mapping& mapping, std::size_t tiles = 1) {
  const auto teams = static_cast<std::size_t>(gpu::Team<kTeam>::per_block(kBlock) * mapping.buffers);
  return {.grid = mapping.grid,
          .block = kBlock,
          .shared_bytes = teams * tiles * tile_of<T>(mapping).bytes,
          .cluster = mapping.cluster};
}

class KernelTest : public ::testing::TestWithParam<std::tuple<Mapping, DType>> {
 protected:
  static const Mapping& mapping() { return std::get<0>(GetParam()); }
  static DType dtype() { return std::get<1>(GetParam()); }
  /// Whether a plan could choose the mapping for rows of so many classes.
  static bool suits(std::int64_t classes) {
    return classes <= 40 * mapping().tile_columns * mapping().cluster;
  }

  const DeviceArithmetic device_arithmetic_;
};

inline auto with_every_dtype(std::vector<Mapping> mappings) {
  return ::testing::Combine(::testing::ValuesIn(std::move(mappings)),
                            ::testing::Values(DType::f32, DType::f16, DType::bf16, DType::f64));
}
inline auto every_mapping_and_dtype() {
  return with_every_dtype({std::begin(kMappings), std::end(kMappings)});
}
inline auto every_bulk_mapping_and_dtype() {
  std::vector<Mapping> bulk(std::begin(kMappings), std::end(kMappings));
  std::erase_if(bulk, [](const Mapping& mapping) { return !mapping.bulk; });
  return with_every_dtype(std::move(bulk));
}
inline std::string kernel_test_name(const ::testing::TestParamInfo<std::tuple<Mapping, DType>>& info) {
  return std::string(std::get<0>(info.param).name) + "_" + name(std::get<1>(info.param));
}

}  // namespace xent::testing
