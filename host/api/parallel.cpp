#include <xent/parallel.hpp>

#include <algorithm>
#include <string>
#include <thread>

#include "host/api/check.hpp"
#include "host/cpu/thread_pool.hpp"

#if defined(__linux__)
#include <sched.h>
#endif

namespace xent {
namespace {

/// Processors that this process may run on: a container or taskset may leave it fewer than there are.
int available_processors() {
#if defined(__linux__)
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
#endif
  return static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
}

cpu::ThreadPool& pool() {
  static cpu::ThreadPool instance(available_processors() - 1);
  return instance;
}

}  // namespace

int thread_count(int requested) {
  if (requested < 0 || requested > api::kMostThreads) {
    api::reject("threads", "is " + std::to_string(requested),
                "0 (all) to " + std::to_string(api::kMostThreads));
  }
  static const int available = available_processors();
  return requested == 0 ? available : requested;
}

void parallel_for(std::int64_t tasks, int threads, const std::function<void(std::int64_t)>& body) {
  if (tasks < 0) api::reject("tasks", "is " + std::to_string(tasks), "0 or more");
  const std::int64_t wanted = std::min<std::int64_t>(thread_count(threads), tasks);
  const int helpers = wanted > 1 ? std::min(static_cast<int>(wanted) - 1, pool().workers()) : 0;
  if (helpers > 0 && pool().try_run(tasks, helpers, body)) return;
  for (std::int64_t task = 0; task < tasks; ++task) body(task);
}

}  // namespace xent
