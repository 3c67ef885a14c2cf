// Where one mapping of rows to threads ends and the next begins: what a GPU's plan is given besides the work
// and the device. The values are in gpu_threshold_values.hpp.
#pragma once

#include <cstdint>
#include <limits>

#include <xent/dtype.hpp>

namespace xent::plan {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct MappingThresholds {
  std::int64_t most_columns_few_lanes = 0;
  std::int64_t most_row_bytes_warp = 0;
  std::int64_t most_row_bytes_block = 0;  ///< longer rows go to 512 threads, or to a cluster of such blocks
};

struct GpuThresholds {
  MappingThresholds f32;
  MappingThresholds f16;
  MappingThresholds bf16;
  MappingThresholds f64;
  std::int64_t blocks_per_multiprocessor = 1;  ///< of a grid, at the most
  std::int64_t least_row_bytes_bulk =
      kNever;  ///< from which the bulk copy engine of sm_90 fills blocks' tiles

  constexpr const MappingThresholds& of(DType dtype) const {
    switch (dtype) {
      case DType::f16: return f16;
      case DType::bf16: return bf16;
      case DType::f64: return f64;
      case DType::f32: break;
    }
    return f32;
  }
};

}  // namespace xent::plan
