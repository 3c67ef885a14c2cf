// The GPU's plans for every regime, on devices made up of numbers.
#include "host/plan/gpu_plan.hpp"

#include <limits>
#include <string_view>
#include <utility>

#include <gtest/gtest.h>

#include "host/plan/gpu_devices.hpp"

namespace xent::plan {
namespace {

using gpu::Mapping;

constexpr std::size_t kKiB = 1024;

constexpr DeviceProperties device(std::string_view name) {
  for (const NamedDevice& named : kNamedDevices) {
    if (named.name == name) return named.properties;
  }
  throw "there is no such device";
}
constexpr DeviceProperties kAmpere = device("a100");
constexpr DeviceProperties kHopper = device("h200");

/// What is expected below follows from these, whatever was measured since.
constexpr MappingThresholds kOneType{
    .most_columns_few_lanes = 32, .most_row_bytes_warp = 4096, .most_row_bytes_block = 32768};
constexpr GpuThresholds kThresholds{
    .f32 = kOneType, .f16 = kOneType, .bf16 = kOneType, .f64 = kOneType, .blocks_per_multiprocessor = 32};

GpuPlan plan(std::int64_t rows, std::int64_t classes, DType dtype, const DeviceProperties& device = kHopper,
             int tiles = 1, const GpuThresholds& thresholds = kThresholds) {
  return plan_gpu({.layout = row_major(rows, classes), .dtype = dtype, .tiles = tiles, .writes_matrix = true},
                  device, thresholds);
}

TEST(GpuPlan, MappingFollowsTheLengthOfTheRow) {
  EXPECT_EQ(plan(64, 10, DType::f32).mapping, Mapping::few_lanes);
  EXPECT_EQ(plan(64, 32, DType::f64).mapping, Mapping::few_lanes);
  EXPECT_EQ(plan(64, 33, DType::bf16).mapping, Mapping::warp);
  EXPECT_EQ(plan(64, 1000, DType::f32).mapping, Mapping::warp);
  EXPECT_EQ(plan(64, 2048, DType::f16).mapping, Mapping::warp);
  EXPECT_EQ(plan(64, 2049, DType::f16).mapping, Mapping::block);
  EXPECT_EQ(plan(64, 1025, DType::f32).mapping, Mapping::block);
  EXPECT_EQ(plan(64, 8193, DType::f32).mapping, Mapping::wide_block);
  EXPECT_EQ(plan(64, 50257, DType::bf16).mapping, Mapping::wide_block);
}

TEST(GpuPlan, ThresholdsCanBeGiven) {
  GpuThresholds mine = kThresholds;
  mine.bf16 = {.most_columns_few_lanes = 8, .most_row_bytes_warp = 64, .most_row_bytes_block = 128};
  mine.blocks_per_multiprocessor = 3;
  const auto with = [&](std::int64_t classes, DType dtype) {
    return plan_gpu({.layout = row_major(100000, classes), .dtype = dtype}, kHopper, mine);
  };
  EXPECT_EQ(with(8, DType::bf16).mapping, Mapping::few_lanes);
  EXPECT_EQ(with(9, DType::bf16).mapping, Mapping::warp);
  EXPECT_EQ(with(33, DType::bf16).mapping, Mapping::block);
  EXPECT_EQ(with(65, DType::bf16).mapping, Mapping::wide_block);
  for (const DType other : {DType::f32, DType::f16, DType::f64}) {
    EXPECT_EQ(with(9, other).mapping, Mapping::few_lanes) << name(other);
    EXPECT_EQ(with(65, other).mapping, Mapping::warp) << name(other);
  }
  EXPECT_EQ(with(65, DType::bf16).grid, 3U * 132U);
  EXPECT_EQ(flat_grid(1 << 20, 256, kHopper, mine), 3U * 132U);
}

TEST(GpuPlan, LongRowsAreSharedOutOverAClusterWhereThereAreClusters) {
  const GpuPlan one = plan(8192, 50257, DType::bf16);
  EXPECT_EQ(one.cluster, 1U);
  EXPECT_TRUE(one.row_stays);
  EXPECT_EQ(one.bytes_read, 8192LL * 50257 * 2);

  const GpuPlan four = plan(8192, 128256, DType::bf16);
  EXPECT_EQ(four.cluster, 4U);
  EXPECT_TRUE(four.row_stays);
  EXPECT_EQ(four.grid % 4, 0U);

  EXPECT_EQ(plan(8192, 128256, DType::f32).cluster, 8U);
  EXPECT_TRUE(plan(8192, 400000, DType::f32).row_stays);   // one block to a multiprocessor
  EXPECT_FALSE(plan(8192, 500000, DType::f32).row_stays);  // too long for all eight

  const GpuPlan before = plan(8192, 128256, DType::bf16, kAmpere);
  EXPECT_EQ(before.cluster, 1U);
  EXPECT_FALSE(before.row_stays);
  EXPECT_EQ(before.bytes_read, 2 * 8192LL * 128256 * 2);
}

TEST(GpuPlan, WhatBitsDependOnDoesNotLookAtTheRows) {
  for (const auto& [name, device] : kNamedDevices) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::f64}) {
      for (const std::int64_t classes : {1, 10, 33, 1000, 5000, 50257, 128256, 1000000}) {
        GpuPlan few = plan(1, classes, dtype, device);
        GpuPlan many = plan(1 << 20, classes, dtype, device);
        few.grid = many.grid = 0;
        few.bytes_read = many.bytes_read = few.bytes_written = many.bytes_written = 0;
        EXPECT_EQ(few, many) << classes;
      }
    }
  }
}

/// What a launch demands, for every length up to some thousands and samples beyond.
TEST(GpuPlan, EveryPlanCanBeLaunched) {
  for (const auto& [name, device] : kNamedDevices) {
    for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::f64}) {
      for (const int tiles : {1, 2}) {
        for (std::int64_t classes = 1; classes < 3'000'000; classes += 1 + classes / 97) {
          const GpuPlan p = plan(37, classes, dtype, device, tiles, kGpuThresholds);  // those that ship
          const auto columns = p.tile.columns * static_cast<std::int64_t>(p.cluster);
          ASSERT_GE(p.tile.columns, 1) << classes;
          ASSERT_GE(p.tile.bytes, static_cast<std::size_t>(p.tile.columns) * size_of(dtype) + 15) << classes;
          ASSERT_LE(p.shared_bytes + 2 * kKiB, device.shared_per_block) << to_string(p);
          ASSERT_EQ(p.row_stays, columns >= classes) << classes;
          ASSERT_LE(p.cluster, device.compute_capability >= 90 ? 8U : 1U) << classes;
          ASSERT_TRUE(p.cluster == 1 || p.mapping == Mapping::wide_block) << classes;
          ASSERT_GE(p.grid, p.cluster) << classes;
          ASSERT_EQ(p.grid % p.cluster, 0U) << classes;
          // No part of a cluster is left without columns.
          ASSERT_LT(p.tile.columns * static_cast<std::int64_t>(p.cluster - 1), classes) << classes;
        }
      }
    }
  }
}

TEST(GpuPlan, GridsAreBounded) {
  const GpuPlan huge = plan(std::int64_t{1} << 40, 10, DType::f32);
  EXPECT_EQ(huge.grid, 32U * 132U);
  EXPECT_EQ(plan(1, 10, DType::f32).grid, 1U);
  EXPECT_EQ(plan(33, 10, DType::f32).grid, 2U);  // 32 rows to a block
  EXPECT_EQ(flat_grid(0, 256, kHopper), 1U);
  EXPECT_EQ(flat_grid(257, 256, kHopper), 2U);
  EXPECT_EQ(flat_grid(std::int64_t{1} << 40, 256, kHopper, kThresholds), 32U * 132U);
}

TEST(GpuPlan, BytesBeyondTheAddressSpaceAreMany) {
  const Layout repeated{.outer = 4, .classes = std::int64_t{1} << 58, .outer_stride = 0, .class_stride = 0};
  const GpuPlan p = plan_gpu({.layout = repeated, .dtype = DType::f32, .matrices_read = 2}, kHopper);
  EXPECT_EQ(p.bytes_read, std::numeric_limits<std::int64_t>::max());
}

TEST(GpuPlan, ResidentBlocksFitTheRegistersAndTheSharedMemory) {
  EXPECT_EQ(plan(64, 10, DType::f32).resident_blocks, 8);      // of 128 threads: registers for 1024
  EXPECT_EQ(plan(64, 50257, DType::bf16).resident_blocks, 2);  // of 512
  EXPECT_DOUBLE_EQ(occupancy(plan(64, 10, DType::f32), kHopper), 0.5);
  EXPECT_DOUBLE_EQ(occupancy(plan(64, 10, DType::f32, device("t4")), device("t4")), 1.0);
  // Four 4 KiB rows to a block: 64 KiB hold three of them where 228 KiB hold eight.
  EXPECT_EQ(plan(64, 1024, DType::f32).resident_blocks, 8);
  EXPECT_EQ(plan(64, 1024, DType::f32, device("t4")).resident_blocks, 3);
  for (const auto& [name, device] : kNamedDevices) {
    for (std::int64_t classes = 1; classes < 300'000; classes += 1 + classes / 7) {
      const GpuPlan p = plan(37, classes, DType::f32, device);
      ASSERT_GE(p.resident_blocks, 1) << name;
      ASSERT_TRUE(p.resident_blocks == 1 || static_cast<std::size_t>(p.resident_blocks) * p.shared_bytes <=
                                                device.shared_per_multiprocessor)
          << name << classes;
      ASSERT_LE(occupancy(p, device), 1.0) << name << classes;
    }
  }
}

/// A second tile is given only where it costs no block its place, and then blocks stay for all their rows.
TEST(GpuPlan, TheNextRowIsReadAheadWhereThereIsRoom) {
  const auto ahead = [](std::int64_t classes, DType dtype, const DeviceProperties& device = kHopper) {
    return plan_gpu({.layout = row_major(100'000, classes), .dtype = dtype, .reads_ahead = true}, device);
  };
  EXPECT_EQ(ahead(1000, DType::f32).tile.buffers, 1);  // a warp
  EXPECT_EQ(ahead(1025, DType::f32).tile.buffers, 2);
  EXPECT_EQ(ahead(1025, DType::f32).grid, 4U * 132U);
  EXPECT_EQ(ahead(6900, DType::f32).tile.buffers, 2);    // four times two of 27 KiB
  EXPECT_EQ(ahead(7000, DType::f32).tile.buffers, 1);    // would be three blocks
  EXPECT_EQ(ahead(14'000, DType::f32).tile.buffers, 2);  // twice two of 55 KiB
  EXPECT_EQ(ahead(14'400, DType::f32).tile.buffers, 1);
  EXPECT_EQ(ahead(1025, DType::f64).tile.buffers, 1);  // no registers
  EXPECT_EQ(plan(100'000, 1025, DType::f32).tile.buffers, 1);
  for (const auto& [name, device] : kNamedDevices) {
    for (const DType dtype : {DType::f32, DType::bf16, DType::f64}) {
      for (std::int64_t classes = 1; classes < 1'000'000; classes += 1 + classes / 19) {
        GpuPlan with = ahead(classes, dtype, device);
        const GpuPlan without = plan_gpu({.layout = row_major(100'000, classes), .dtype = dtype}, device);
        ASSERT_EQ(with.tile.columns, without.tile.columns) << name << classes;
        ASSERT_EQ(with.cluster, without.cluster) << name << classes;
        ASSERT_EQ(with.resident_blocks, without.resident_blocks) << name << classes;
        ASSERT_LE(with.shared_bytes + 2 * kKiB, device.shared_per_block) << name << classes;
        ASSERT_TRUE(with.tile.buffers == 1 || with.row_stays) << name << classes;
        ASSERT_EQ(with.grid % with.cluster, 0U) << name << classes;
      }
    }
  }
}

/// The engine brings blocks' tiles, on devices that have it, of rows so long; nothing else of the plan
/// changes.
TEST(GpuPlan, LongRowsCanBeFilledInBulk) {
  GpuThresholds bulk = kThresholds;
  bulk.least_row_bytes_bulk = 8192;
  const auto is_bulk = [&](std::int64_t classes, DType dtype, const DeviceProperties& device = kHopper) {
    GpuPlan p = plan(1000, classes, dtype, device, 1, bulk);
    const bool chosen = std::exchange(p.tile.bulk, false);
    EXPECT_EQ(p, plan(1000, classes, dtype, device)) << classes;
    return chosen;
  };
  EXPECT_FALSE(is_bulk(2047, DType::f32));
  EXPECT_TRUE(is_bulk(2048, DType::f32));
  EXPECT_FALSE(is_bulk(4095, DType::bf16));
  EXPECT_TRUE(is_bulk(128256, DType::bf16));
  EXPECT_TRUE(is_bulk(3'000'000, DType::f32));  // rows that pass through
  EXPECT_TRUE(is_bulk(3000, DType::f32, device("b200")));
  EXPECT_FALSE(is_bulk(3000, DType::f32, kAmpere));
  bulk.least_row_bytes_bulk = 0;
  EXPECT_FALSE(is_bulk(1000, DType::f32));  // a warp's
  EXPECT_FALSE(plan(1000, 3000, DType::f32, kHopper, 0, bulk).tile.bulk);
  EXPECT_NE(
      to_string(plan(8, 3000, DType::f32, kHopper, 1, bulk)).find("stays on chip, filled in bulk, reads"),
      std::string::npos);
  bulk.least_row_bytes_bulk = kNever;
  EXPECT_FALSE(is_bulk(3'000'000, DType::f32));
}

TEST(GpuPlan, CanBePrinted) {
  EXPECT_EQ(
      to_string(plan(8192, 128256, DType::bf16)),
      "gpu: 512 threads per row in each of 4 blocks of a cluster, tiles of 32064 columns, 64144 B of shared "
      "memory, 4224 blocks, 2 at once on a multiprocessor, the row stays on chip, reads 2101346304 B, writes "
      "2101346304 B");
  EXPECT_EQ(
      to_string(plan_gpu({.layout = row_major(8192, 4096), .reads_ahead = true}, kHopper)),
      "gpu: 256 threads per row, tiles of 4096 columns, 32800 B of shared memory, 528 blocks, 4 at once on a "
      "multiprocessor, the row stays on chip and the next one comes beside it, reads 134217728 B, writes 0 "
      "B");
}

}  // namespace
}  // namespace xent::plan
