// Sums over rows under the emulation: the same bits whatever the grid and the schedule.
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "kernels/primitives/launch.cuh"
#include "kernels/reduction/loss_sum.cuh"
#include "kernels/reduction/valid_rows.cuh"
#include "tests/simt/options.hpp"
#include "tests/support/rng.hpp"

namespace xent::testing {
namespace {

constexpr int kThreads = 128;

double summed(const std::vector<double>& losses, gpu::LossSumArguments arguments, unsigned grid) {
  const auto rows = std::ssize(losses);
  std::vector<double> parts(static_cast<std::size_t>(gpu::loss_parts(rows)), -7.0);
  double loss = -7.0;
  std::uint32_t ticket = 0;
  arguments.row_loss = losses.data();
  arguments.rows = rows;
  arguments.part_count = std::ssize(parts);
  arguments.parts = parts.data();
  arguments.ticket = &ticket;
  arguments.loss = vector(&loss, 1);
  // A second time, as a graph would: the last block left the ticket as it was.
  for (int launches = 0; launches < 2; ++launches) {
    loss = -7.0;
    gpu::launch({.grid = grid, .block = kThreads}, gpu::loss_sum_kernel<kThreads>, arguments);
    EXPECT_EQ(ticket, 0U);
  }
  return loss;
}

TEST(LossSum, IsTheSumInAnOrderOfItsOwn) {
  for (const std::size_t rows : {0U, 1U, 5U, 127U, 4096U, 4097U, 20000U}) {
    Rng rng(rows);
    std::vector<double> losses(rows);
    double want = 0.0;
    for (double& loss : losses) want += loss = rng.normal();
    const double once = summed(losses, {}, 3);
    EXPECT_NEAR(once, want, 1e-10) << rows;
    simt::for_each_schedule(3, [&] {
      for (const unsigned grid : {1U, 2U, 7U}) EXPECT_EQ(summed(losses, {}, grid), once) << rows;
    });
  }
}

TEST(LossSum, TheMeanDividesByWhatTheDeviceCounted) {
  const std::vector<double> losses{1.0, 0.0, 3.5};
  const std::int64_t two = 2;
  const std::int64_t none = 0;
  EXPECT_EQ(summed(losses, {.divisor = 4.5}, 1), 1.0);
  EXPECT_EQ(summed(losses, {.valid_rows = &two}, 1), 2.25);
  EXPECT_EQ(summed({}, {.valid_rows = &none}, 1), 0.0);
  EXPECT_TRUE(std::isnan(summed({}, {.valid_rows = &none, .empty_is_nan = true}, 1)));
}

TEST(ValidRows, AreCountedForEveryLabelType) {
  const auto count = [](const LabelView& view, std::int64_t ignore_index) {
    std::int64_t valid = 5;  // added to
    gpu::launch({.grid = 2, .block = kThreads}, gpu::count_valid_rows_kernel<kThreads>, view, true,
                ignore_index, &valid);
    return valid - 5;
  };
  std::vector<std::uint8_t> u8(1000, 3);
  std::vector<std::int32_t> i32(1000, -100);
  std::vector<std::int64_t> i64(1000, 1);
  u8[17] = u8[999] = 255;
  i32[0] = 4;
  EXPECT_EQ(count(labels(u8.data(), 1000), 255), 998);
  EXPECT_EQ(count(labels(i32.data(), 1000), -100), 1);
  EXPECT_EQ(count(labels(i64.data(), 333, 3), -100), 333);
  EXPECT_EQ(count(labels(i64.data(), 0), -100), 0);
}

}  // namespace
}  // namespace xent::testing
