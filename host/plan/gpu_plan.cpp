#include "host/plan/gpu_plan.hpp"

#include <algorithm>
#include <limits>
#include <sstream>

namespace xent::plan {
namespace {

// The largest cluster that every device with clusters can run.
constexpr unsigned kLargestCluster = 8;

// Shared memory that a block has besides its tiles: reductions' scratch, and what the driver keeps.
constexpr std::size_t kSharedReserve = 3 << 10;

// Row kernels are compiled for so many threads on a multiprocessor: more would not find registers.
constexpr int kResidentThreads = 1024;

// Columns of a tile that does not hold the row come in multiples of this: whole 16-byte chunks of any type.
constexpr std::int64_t kColumnGranule = 16;

constexpr std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

/// A view with strides of 0 may have more elements than there are addresses.
std::int64_t product(std::int64_t a, std::int64_t b) {
  std::int64_t result = 0;
  return __builtin_mul_overflow(a, b, &result) ? std::numeric_limits<std::int64_t>::max() : result;
}

gpu::Mapping mapping_for(std::int64_t classes, std::int64_t row_bytes, const MappingThresholds& most) {
  if (classes <= most.most_columns_few_lanes) return gpu::Mapping::few_lanes;
  if (row_bytes <= most.most_row_bytes_warp) return gpu::Mapping::warp;
  if (row_bytes <= most.most_row_bytes_block) return gpu::Mapping::block;
  return gpu::Mapping::wide_block;
}

/// Columns of which so many tiles fit into so many bytes.
std::int64_t columns_in(std::size_t bytes, int tiles, std::size_t element) {
  const std::size_t tile = bytes / static_cast<std::size_t>(tiles);
  return (static_cast<std::int64_t>(tile) - 32) / static_cast<std::int64_t>(element) / kColumnGranule *
         kColumnGranule;
}

/// The smallest cluster whose blocks together hold the row, `columns` each; 0 if none does.
unsigned cluster_holding(std::int64_t classes, std::int64_t columns, unsigned largest) {
  for (unsigned cluster = 1; cluster <= largest; cluster *= 2) {
    if (classes <= columns * static_cast<std::int64_t>(cluster)) return cluster;
  }
  return 0;
}

void place_row(GpuPlan& plan, const GpuWork& work, const DeviceProperties& device) {
  const std::int64_t classes = work.layout.classes;
  const std::size_t element = size_of(work.dtype);
  const auto most = [&](std::size_t bytes) {
    return columns_in(bytes - kSharedReserve, work.tiles, element);
  };
  const std::int64_t most_columns = most(device.shared_per_block);
  std::int64_t columns = classes;
  if (plan.mapping == gpu::Mapping::wide_block) {
    // Two blocks to a multiprocessor, so that one computes while the other waits for memory.
    const std::int64_t half = std::min(most_columns, most(device.shared_per_multiprocessor / 2));
    const unsigned largest = device.compute_capability >= 90 ? kLargestCluster : 1;
    plan.cluster = cluster_holding(classes, half, largest);
    columns = half;
    if (plan.cluster == 0) {
      plan.cluster = cluster_holding(classes, most_columns, largest);
      columns = most_columns;
    }
    if (plan.cluster == 0) {  // no room on chip: the row passes through
      plan.cluster = 1;
      columns = half;
    } else {
      columns =
          std::min(columns, divide_up(divide_up(classes, plan.cluster), kColumnGranule) * kColumnGranule);
    }
  }
  columns = std::min(columns, most_columns);
  plan.row_stays = classes <= columns * static_cast<std::int64_t>(plan.cluster);
  plan.tile = gpu::tile_of(columns, element);
}

std::size_t shared_bytes(const GpuPlan& plan, const GpuWork& work) {
  return plan.tile.bytes * static_cast<std::size_t>(plan.tile.buffers * work.tiles) *
         static_cast<std::size_t>(gpu::rows_per_block(plan.mapping));
}

int resident_blocks(const GpuPlan& plan, const DeviceProperties& device) {
  const int threads = std::min(kResidentThreads, device.threads_per_multiprocessor);
  const auto by_threads = static_cast<std::size_t>(threads / gpu::shape_of(plan.mapping).block);
  const std::size_t by_memory = device.shared_per_multiprocessor / (plan.shared_bytes + kSharedReserve);
  return static_cast<int>(std::max<std::size_t>(1, std::min(by_threads, by_memory)));
}

/// A second tile for the next row, where a block has a row alone and as many blocks are there at once as with
/// one tile. Of rows that a few lanes or a warp have, a multiprocessor has 32 and more under way as it is.
void read_ahead(GpuPlan& plan, const GpuWork& work, const DeviceProperties& device) {
  const bool block = gpu::rows_per_block(plan.mapping) == 1;
  if (!work.reads_ahead || !block || !plan.row_stays || work.dtype == DType::f64) return;
  GpuPlan ahead = plan;
  ahead.tile.buffers = 2;
  ahead.shared_bytes = shared_bytes(ahead, work);
  const bool fits = ahead.shared_bytes + kSharedReserve <= device.shared_per_block;
  if (fits && resident_blocks(ahead, device) == plan.resident_blocks) plan = ahead;
}

}  // namespace

bool fills_in_bulk(std::int64_t row_bytes, gpu::Mapping mapping, const DeviceProperties& device,
                   const GpuThresholds& thresholds) {
  return device.compute_capability >= 90 && gpu::rows_per_block(mapping) == 1 &&
         thresholds.least_row_bytes_bulk != kNever && row_bytes >= thresholds.least_row_bytes_bulk;
}

GpuPlan plan_gpu(const GpuWork& work, const DeviceProperties& device, const GpuThresholds& thresholds) {
  const std::int64_t rows = work.layout.rows();
  const std::int64_t row_bytes = product(work.layout.classes, static_cast<std::int64_t>(size_of(work.dtype)));
  GpuPlan plan;
  plan.mapping = mapping_for(work.layout.classes, row_bytes, thresholds.of(work.dtype));
  if (work.tiles > 0) {
    place_row(plan, work, device);
    plan.shared_bytes = shared_bytes(plan, work);
    plan.tile.bulk = fills_in_bulk(row_bytes, plan.mapping, device, thresholds);
  }
  plan.resident_blocks = resident_blocks(plan, device);
  if (work.tiles > 0) read_ahead(plan, work, device);
  const std::int64_t row_groups = divide_up(rows, gpu::rows_per_block(plan.mapping));
  // Who reads ahead stays for all its rows; else there are several rounds of blocks.
  const std::int64_t per_multiprocessor =
      plan.tile.buffers > 1 ? plan.resident_blocks : thresholds.blocks_per_multiprocessor;
  const std::int64_t most_groups =
      std::max<std::int64_t>(1, per_multiprocessor * device.multiprocessors / plan.cluster);
  plan.grid = static_cast<unsigned>(std::min(row_groups, most_groups)) * plan.cluster;
  const std::int64_t reads = plan.row_stays ? 1 : 2;
  const std::int64_t bytes = product(rows, row_bytes);
  plan.bytes_read = product(reads * work.matrices_read, bytes);
  plan.bytes_written = work.writes_matrix ? bytes : 0;
  return plan;
}

unsigned flat_grid(std::int64_t items, int block, const DeviceProperties& device,
                   const GpuThresholds& thresholds) {
  const std::int64_t most = thresholds.blocks_per_multiprocessor * device.multiprocessors;
  return static_cast<unsigned>(std::clamp<std::int64_t>(divide_up(items, block), 1, most));
}

double occupancy(const GpuPlan& plan, const DeviceProperties& device) {
  const int threads = plan.resident_blocks * gpu::shape_of(plan.mapping).block;
  return static_cast<double>(threads) / device.threads_per_multiprocessor;
}

std::string to_string(const GpuPlan& plan) {
  std::ostringstream out;
  out << "gpu: " << gpu::name(plan.mapping);
  if (plan.cluster > 1) out << " in each of " << plan.cluster << " blocks of a cluster";
  out << ", tiles of " << plan.tile.columns << " columns, " << plan.shared_bytes << " B of shared memory, "
      << plan.grid << " blocks, " << plan.resident_blocks << " at once on a multiprocessor, the row "
      << (plan.row_stays ? "stays on chip" : "is read twice")
      << (plan.tile.buffers > 1 ? " and the next one comes beside it" : "")
      << (plan.tile.bulk ? ", filled in bulk" : "") << ", reads " << plan.bytes_read << " B, writes "
      << plan.bytes_written << " B";
  return out.str();
}

}  // namespace xent::plan
