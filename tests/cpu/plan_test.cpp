// The CPU plan: pure arithmetic, so its promises are checked on shapes nobody could allocate.
#include "host/plan/chunks.hpp"
#include "host/plan/cpu_plan.hpp"

#include <gtest/gtest.h>

namespace xent::plan {
namespace {

CpuWork work(std::int64_t rows, std::int64_t classes, bool writes = true) {
  return {.layout = row_major(rows, classes), .dtype = DType::f32, .writes_matrix = writes};
}

TEST(CpuPlan, MappingDependsOnTheClassesAlone) {
  for (const std::int64_t rows : {1LL, 17LL, 1LL << 40U}) {
    for (const int threads : {0, 1, 64}) {
      EXPECT_EQ(plan_cpu(work(rows, 10), threads).mapping, CpuMapping::row_per_lane);
      EXPECT_EQ(plan_cpu(work(rows, 256), threads).mapping, CpuMapping::row_per_lane);
      EXPECT_EQ(plan_cpu(work(rows, 257), threads).mapping, CpuMapping::row_along_lanes);
      EXPECT_EQ(plan_cpu(work(rows, 50257), threads).mapping, CpuMapping::row_along_lanes);
    }
  }
}

TEST(CpuPlan, EachKindOfWorkHasItsOwnBorder) {
  const auto mapping = [](CpuOp op, std::int64_t classes) {
    CpuWork of_op = work(100, classes);
    of_op.op = op;
    return plan_cpu(of_op, 1).mapping;
  };
  for (const CpuOp op :
       {CpuOp::loss, CpuOp::soft_loss, CpuOp::loss_backward, CpuOp::softmax, CpuOp::softmax_backward}) {
    EXPECT_EQ(mapping(op, 32), CpuMapping::row_per_lane);
    EXPECT_EQ(mapping(op, 257), CpuMapping::row_along_lanes);
  }
  EXPECT_EQ(mapping(CpuOp::soft_loss, 41), CpuMapping::row_along_lanes);
  EXPECT_EQ(mapping(CpuOp::softmax_backward, 33), CpuMapping::row_along_lanes);
  EXPECT_EQ(mapping(CpuOp::softmax, 160), CpuMapping::row_per_lane);
  EXPECT_EQ(mapping(CpuOp::softmax, 161), CpuMapping::row_along_lanes);
  EXPECT_EQ(mapping(CpuOp::loss_backward, 256), CpuMapping::row_per_lane);
}

TEST(CpuPlan, PartsCoverTheRowsAndFitTheStack) {
  for (const std::int64_t rows : {0LL, 1LL, 15LL, 16LL, 17LL, 1000LL, 8192LL, 1000003LL, 1LL << 45U}) {
    for (const std::int64_t classes : {1LL, 2LL, 10LL, 1000LL, 50257LL, 1LL << 22U}) {
      if (rows > (1LL << 60U) / classes) continue;  // beyond any address space: never gets as far as a plan
      const CpuPlan plan = plan_cpu(work(rows, classes), 2);
      EXPECT_LE(plan.parts, kMostParts);
      EXPECT_GE(plan.parts * plan.rows_per_part, rows);
      EXPECT_LT((plan.parts - 1) * plan.rows_per_part, rows == 0 ? 1 : rows);
    }
  }
}

TEST(Chunks, CoverThePartsOnceInOrderAndShrink) {
  for (const std::int64_t parts : {0, 1, 2, 7, 128, 1024}) {
    for (const int threads : {1, 2, 3, 16, 1024}) {
      const std::int64_t count = chunk_count(parts, threads);
      Chunk before;
      for (std::int64_t number = 0; number < count; ++number) {
        const Chunk chunk = chunk_at(number, parts, threads);
        EXPECT_EQ(chunk.begin, before.end);
        EXPECT_GT(chunk.end, chunk.begin);
        EXPECT_TRUE(number == 0 || chunk.end - chunk.begin <= before.end - before.begin);
        before = chunk;
      }
      EXPECT_EQ(before.end, parts) << parts << " parts, " << threads << " threads";
    }
  }
  EXPECT_EQ(chunk_count(1024, 1), 1);
  EXPECT_EQ(chunk_at(0, 128, 2), (Chunk{0, 32}));
}

TEST(CpuPlan, TheThreadCountChangesNothingElse) {
  CpuPlan one = plan_cpu(work(8192, 1000), 1);
  const CpuPlan many = plan_cpu(work(8192, 1000), 32);
  EXPECT_NE(one, many);
  one.threads = many.threads;
  EXPECT_EQ(one, many);
}

TEST(CpuPlan, OnlyLargeResultsBypassTheCaches) {
  EXPECT_FALSE(plan_cpu(work(64, 10), 1).streaming_stores);
  EXPECT_TRUE(plan_cpu(work(4096, 50257), 1).streaming_stores);
  EXPECT_FALSE(plan_cpu(work(4096, 50257, false), 1).streaming_stores);
  CpuWork in_place = work(4096, 50257);
  in_place.in_place = true;  // the lines are in the cache already
  EXPECT_FALSE(plan_cpu(in_place, 1).streaming_stores);
}

TEST(CpuPlan, CountsTheBytes) {
  const CpuPlan plan =
      plan_cpu({.layout = row_major(100, 7), .dtype = DType::bf16, .writes_matrix = true}, 1);
  EXPECT_EQ(plan.bytes_read, 1400);
  EXPECT_EQ(plan.bytes_written, 1400);
  EXPECT_NE(to_string(plan).find("reads 1400 B, writes 1400 B"), std::string::npos) << to_string(plan);
}

}  // namespace
}  // namespace xent::plan
