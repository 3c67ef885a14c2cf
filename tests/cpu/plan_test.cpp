// The CPU plan: pure arithmetic, so its promises are checked on shapes nobody could allocate.
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
      EXPECT_EQ(plan_cpu(work(rows, 64), threads).mapping, CpuMapping::row_per_lane);
      EXPECT_EQ(plan_cpu(work(rows, 65), threads).mapping, CpuMapping::row_along_lanes);
      EXPECT_EQ(plan_cpu(work(rows, 50257), threads).mapping, CpuMapping::row_along_lanes);
    }
  }
}

TEST(CpuPlan, TasksCoverTheRowsAndFitTheStack) {
  for (const std::int64_t rows : {0LL, 1LL, 15LL, 16LL, 17LL, 1000LL, 8192LL, 1000003LL, 1LL << 45U}) {
    for (const std::int64_t classes : {1LL, 2LL, 10LL, 1000LL, 50257LL, 1LL << 22U}) {
      if (rows > (1LL << 60U) / classes) continue;  // beyond any address space: never gets as far as a plan
      const CpuPlan plan = plan_cpu(work(rows, classes), 2);
      EXPECT_LE(plan.tasks, kMostTasks);
      EXPECT_GE(plan.tasks * plan.rows_per_task, rows);
      EXPECT_LT((plan.tasks - 1) * plan.rows_per_task, rows == 0 ? 1 : rows);
    }
  }
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
