// How a GPU will do a call, decided by arithmetic on its shape and the device's numbers. The mapping and the
// tile, which the bits of a row depend on, look at the classes and the type alone, never at the rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

#include <xent/dtype.hpp>
#include <xent/view.hpp>

#include "host/plan/gpu_threshold_values.hpp"
#include "kernels/shapes/mappings.hpp"
#include "kernels/shapes/tile_shape.hpp"

namespace xent::plan {

struct DeviceProperties {
  int compute_capability = 90;  ///< 10 · major + minor
  int multiprocessors = 1;
  int threads_per_multiprocessor = 2048;
  std::size_t shared_per_multiprocessor = 228U << 10U;
  std::size_t shared_per_block = 227U << 10U;  ///< the most that a kernel can opt into
};

struct GpuWork {
  Layout layout{};
  DType dtype = DType::f32;
  int tiles = 1;  ///< matrices of which a piece of the row is held on chip; 0: the op keeps none
  int matrices_read = 1;
  bool writes_matrix = false;
  bool reads_ahead = false;  ///< the kernel can ask for a row while it works on the one before
};

struct GpuPlan {
  gpu::Mapping mapping = gpu::Mapping::warp;
  gpu::TileShape tile{};
  unsigned cluster = 1;  ///< blocks that share a row
  unsigned grid = 1;
  std::size_t shared_bytes = 0;  ///< dynamic, per block
  bool row_stays = true;         ///< the whole row is on chip: what is read is read once
  int resident_blocks = 1;       ///< that a multiprocessor holds at once, for what is known here
  std::int64_t bytes_read = 0;   ///< of matrices, from memory
  std::int64_t bytes_written = 0;

  bool operator==(const GpuPlan& other) const = default;
};

/// For at least one row.
GpuPlan plan_gpu(const GpuWork& work, const DeviceProperties& device,
                 const GpuThresholds& thresholds = kGpuThresholds);

/// Whether the bulk copy engine fills the tiles of rows so long.
bool fills_in_bulk(std::int64_t row_bytes, gpu::Mapping mapping, const DeviceProperties& device,
                   const GpuThresholds& thresholds = kGpuThresholds);

/// Blocks of so many threads for a pass over n items, an item per thread.
unsigned flat_grid(std::int64_t items, int block, const DeviceProperties& device,
                   const GpuThresholds& thresholds = kGpuThresholds);

/// The share of a multiprocessor's threads that resident blocks make up.
double occupancy(const GpuPlan& plan, const DeviceProperties& device);

std::string to_string(const GpuPlan& plan);

}  // namespace xent::plan
