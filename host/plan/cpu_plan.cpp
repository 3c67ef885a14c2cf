#include "host/plan/cpu_plan.hpp"

#include <algorithm>
#include <sstream>

namespace xent::plan {
namespace {

// Up to here a row is too short to fill vectors and to pay for reducing one: a little below where both ways
// took the same time (docs/performance.md).
constexpr std::int64_t most_classes_per_lane(CpuOp op) {
  switch (op) {
    case CpuOp::loss:
    case CpuOp::loss_backward: return 256;
    case CpuOp::softmax: return 160;
    case CpuOp::soft_loss: return 40;
    case CpuOp::softmax_backward: break;
  }
  return 32;
}

// A result larger than this leaves the caches before anybody reads it again.
constexpr std::int64_t kStreamingBytes = 8LL << 20;

// A part is worth handing out from about this many elements on (1 to 7 µs), and a row is never split.
constexpr std::int64_t kElementsPerPart = 1 << 12;

// Rows per part come in multiples of the widest vector (16 lanes), so that only the last part has an
// incomplete one.
constexpr std::int64_t kRowGranule = 16;

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

std::int64_t rows_per_part(std::int64_t rows, std::int64_t classes) {
  const std::int64_t wanted = std::max(kElementsPerPart / classes, divide_up(rows, kMostParts));
  return wanted <= 1 ? 1 : divide_up(wanted, kRowGranule) * kRowGranule;
}

}  // namespace

CpuPlan plan_cpu(const CpuWork& work, int threads) {
  const std::int64_t rows = work.layout.rows();
  const std::int64_t bytes = rows * work.layout.classes * static_cast<std::int64_t>(size_of(work.dtype));
  CpuPlan plan;
  const bool short_rows = work.layout.classes <= most_classes_per_lane(work.op);
  plan.mapping = short_rows ? CpuMapping::row_per_lane : CpuMapping::row_along_lanes;
  plan.streaming_stores = work.writes_matrix && !work.in_place && bytes >= kStreamingBytes;
  plan.rows = rows;
  plan.rows_per_part = rows_per_part(rows, work.layout.classes);
  plan.parts = divide_up(rows, plan.rows_per_part);
  plan.threads = threads;
  plan.bytes_read = work.matrices_read * bytes;
  plan.bytes_written = work.writes_matrix ? bytes : 0;
  return plan;
}

std::string to_string(const CpuPlan& plan) {
  std::ostringstream out;
  out << "cpu: " << (plan.mapping == CpuMapping::row_per_lane ? "a row per lane" : "a row along the lanes")
      << ", " << plan.parts << " parts of " << plan.rows_per_part << " rows, " << plan.threads
      << " threads (0 = all), reads " << plan.bytes_read << " B, writes " << plan.bytes_written << " B"
      << (plan.streaming_stores ? " past the caches" : "");
  return out.str();
}

}  // namespace xent::plan
