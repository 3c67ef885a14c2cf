// How the own matrix product is cut.
#pragma once

#include <cstdint>

#include "kernels/primitives/host_device.hpp"

namespace xent::gpu {

inline constexpr int kGemmBlock = 256;  ///< threads
inline constexpr int kGemmTile = 64;    ///< rows and columns of c per block
inline constexpr int kGemmDepth = 16;   ///< of the factors in shared memory at a time

/// Tiles along an extent of c.
XENT_HOST_DEVICE constexpr std::int64_t gemm_tiles(std::int64_t extent) {
  return (extent + kGemmTile - 1) / kGemmTile;
}

}  // namespace xent::gpu
