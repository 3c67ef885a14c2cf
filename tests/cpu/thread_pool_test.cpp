// The worker threads: every task once, errors delivered, callers that meet each other.
#include "host/cpu/thread_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <numeric>
#include <stdexcept>
#include <thread>
#include <vector>

#include <xent/error.hpp>
#include <xent/parallel.hpp>

namespace xent {
namespace {

TEST(ParallelFor, RunsEveryTaskOnce) {
  for (const int threads : {0, 1, 2, 3, 8}) {
    for (const std::int64_t tasks : {0LL, 1LL, 2LL, 3LL, 1000LL}) {
      std::vector<std::atomic<int>> runs(static_cast<std::size_t>(tasks));
      parallel_for(tasks, threads, [&](std::int64_t task) { ++runs[static_cast<std::size_t>(task)]; });
      for (const auto& count : runs) EXPECT_EQ(count.load(), 1);
    }
  }
}

TEST(ParallelFor, ManyShortJobsInARow) {
  std::atomic<std::int64_t> total{0};
  for (int job = 0; job < 5000; ++job) parallel_for(3, 2, [&](std::int64_t task) { total += task; });
  EXPECT_EQ(total.load(), 5000 * 3);
}

TEST(ParallelFor, RethrowsATasksErrorAndStaysUsable) {
  for (int round = 0; round < 200; ++round) {
    const auto job = [&] {
      parallel_for(1000, 2, [&](std::int64_t task) {
        if (task == 5) throw std::runtime_error("task 5");
      });
    };
    EXPECT_THROW(job(), std::runtime_error);
    std::atomic<int> runs{0};
    parallel_for(10, 2, [&](std::int64_t) { ++runs; });
    EXPECT_EQ(runs.load(), 10);
  }
}

TEST(ParallelFor, NestsByRunningTheInnerLoopInPlace) {
  std::atomic<int> runs{0};
  parallel_for(4, 2, [&](std::int64_t) {
    const auto outer = std::this_thread::get_id();
    parallel_for(5, 2, [&](std::int64_t) {
      EXPECT_EQ(std::this_thread::get_id(), outer);
      ++runs;
    });
  });
  EXPECT_EQ(runs.load(), 20);
}

TEST(ParallelFor, ServesSeveralCallersAtOnce) {
  std::atomic<std::int64_t> total{0};
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 4; ++caller) {
    callers.emplace_back([&] {
      for (int job = 0; job < 500; ++job) parallel_for(7, 2, [&](std::int64_t task) { total += task; });
    });
  }
  for (std::thread& caller : callers) caller.join();
  EXPECT_EQ(total.load(), 4 * 500 * 21);
}

TEST(ThreadPool, AJobEndsWithItsLastTaskThoughAWorkerNeverLooks) {
  // Far more workers than processors: most never run before the caller has done everything itself.
  cpu::ThreadPool pool(64);
  std::atomic<int> runs{0};
  for (int job = 0; job < 300; ++job) {
    ASSERT_TRUE(pool.try_run(2, 64, [&](std::int64_t) { ++runs; }));
  }
  EXPECT_EQ(runs.load(), 600);
}

TEST(ThreadPool, DropsTheTasksNotYetStartedAfterAnError) {
  cpu::ThreadPool pool(1);
  int started = 0;
  const auto job = [&] {
    pool.try_run(1000, 0, [&](std::int64_t task) {
      ++started;
      if (task == 5) throw std::runtime_error("task 5");
    });
  };
  EXPECT_THROW(job(), std::runtime_error);
  EXPECT_EQ(started, 6);
}

TEST(ThreadPool, WakesWorkersThatHaveGoneToSleep) {
  cpu::ThreadPool pool(1);
  std::this_thread::sleep_for(std::chrono::milliseconds(20));
  std::atomic<int> arrived{0};
  // Each task waits for the other, so the caller alone could never finish.
  ASSERT_TRUE(pool.try_run(2, 1, [&](std::int64_t) {
    ++arrived;
    while (arrived.load() < 2) std::this_thread::yield();
  }));
  EXPECT_EQ(arrived.load(), 2);
}

TEST(ThreadCount, CountsZeroAsAllAndRefusesNonsense) {
  EXPECT_GE(thread_count(0), 1);
  EXPECT_EQ(thread_count(3), 3);
  EXPECT_THROW(thread_count(-1), InvalidArgument);
  EXPECT_THROW(thread_count(100000), InvalidArgument);
  EXPECT_THROW(parallel_for(-1, 1, [](std::int64_t) {}), InvalidArgument);
}

}  // namespace
}  // namespace xent
