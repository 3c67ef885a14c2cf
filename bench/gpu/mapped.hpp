// The row kernels under a mapping that is asked for, whatever the plan would choose: what bench/gpu/tune
// compares.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "bench/gpu/work.hpp"
#include "host/plan/gpu_plan.hpp"

namespace xent::bench {

/// Those with one tile on chip, and with two.
enum class MappedOperation : std::uint8_t {
  cross_entropy,  ///< a loss per row and the gradient
  softmax,
  softmax_backward,
};

struct MappedCase {
  MappedOperation operation = MappedOperation::softmax;
  DType dtype = DType::f32;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  gpu::Mapping mapping = gpu::Mapping::warp;
  bool in_bulk = false;                        ///< whether the bulk copy engine fills a block's tiles
  std::int64_t blocks_per_multiprocessor = 1;  ///< of the grid, at the most
};

std::optional<MappedOperation> mapped_operation_from(const std::string& text);
/// "few_lanes", "warp", "block" or "wide_block".
std::optional<gpu::Mapping> mapping_from(const std::string& text);

/// "threads" or "bulk".
std::optional<bool> in_bulk_from(const std::string& text);

/// Thresholds by which a plan chooses this for rows of any length.
plan::GpuThresholds always(const MappedCase& c);

/// A graph of calls. Throws std::runtime_error for rows that do not fit the mapping's shared memory, for
/// tiles that this device or mapping does not fill in bulk, and if the result is wrong: then a time would
/// mean nothing.
GpuWork make_mapped_work(const MappedCase& c, cuda::Stream stream);

}  // namespace xent::bench
