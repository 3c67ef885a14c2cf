// How the CPU will do a call, decided by arithmetic on its shape alone. Nothing that the bits of a row
// depend on (the mapping) looks at the number of rows or threads.
#pragma once

#include <cstdint>
#include <string>

#include <xent/dtype.hpp>
#include <xent/view.hpp>

namespace xent::plan {

enum class CpuMapping : std::uint8_t {
  row_per_lane,    ///< few classes: a vector holds one class of many rows
  row_along_lanes  ///< many classes: a vector holds neighbouring classes of one row
};

/// What is done to a row, as far as a mapping asks.
enum class CpuOp : std::uint8_t { loss, soft_loss, loss_backward, softmax, softmax_backward };

/// The reductions keep one partial sum per part on the stack.
inline constexpr std::int64_t kMostParts = 1024;

struct CpuWork {
  CpuOp op = CpuOp::loss;
  Layout layout{};
  DType dtype = DType::f32;
  int matrices_read = 1;
  bool writes_matrix = false;
  bool in_place = false;
};

struct CpuPlan {
  CpuMapping mapping = CpuMapping::row_along_lanes;
  bool streaming_stores = false;  ///< write past the caches: the result is too large to stay in them
  std::int64_t rows = 0;
  std::int64_t rows_per_part = 1;  ///< what a reduction adds up first; the threads share whole parts
  std::int64_t parts = 0;
  int threads = 0;
  std::int64_t bytes_read = 0;  ///< of matrices, from memory, while a row stays in cache
  std::int64_t bytes_written = 0;

  bool operator==(const CpuPlan&) const = default;
};

CpuPlan plan_cpu(const CpuWork& work, int threads);

std::string to_string(const CpuPlan& plan);

}  // namespace xent::plan
