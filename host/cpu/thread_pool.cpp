#include "host/cpu/thread_pool.hpp"

#include <limits>
#include <system_error>

#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

namespace xent::cpu {
namespace {

thread_local bool inside_task = false;

void relax() {
#if defined(__x86_64__) || defined(__i386__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Long enough to bridge the gap between the calls of a training step, short enough not to take a core
// from another process: about 50 µs where a pause lasts some 100 cycles.
constexpr int kSpins = 1500;

/// Spins, then sleeps, until `value` is no longer `old`.
template <class T>
void wait_for_change(const std::atomic<T>& value, T old) {
  for (int spin = 0; spin < kSpins; ++spin) {
    if (value.load(std::memory_order_acquire) != old) return;
    relax();
  }
  value.wait(old, std::memory_order_acquire);
}

constexpr std::uint64_t ticket(std::uint32_t job, std::uint32_t unclaimed) {
  return (static_cast<std::uint64_t>(job) << 32U) | unclaimed;
}
constexpr std::uint32_t job_of(std::uint64_t tickets) { return static_cast<std::uint32_t>(tickets >> 32U); }
constexpr std::uint32_t unclaimed_of(std::uint64_t tickets) { return static_cast<std::uint32_t>(tickets); }

}  // namespace

ThreadPool::ThreadPool(int workers) {
  threads_.reserve(static_cast<std::size_t>(workers));
  try {
    for (int i = 0; i < workers; ++i) threads_.emplace_back([this, i] { work(i); });
  } catch (const std::system_error&) {
    // The system gives no more threads: those there are, and the caller, do the work.
  }
}

ThreadPool::~ThreadPool() {
  stopping_ = true;
  ++job_;
  job_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

bool ThreadPool::try_run(std::int64_t tasks, int helpers, const std::function<void(std::int64_t)>& body) {
  if (inside_task || tasks > std::numeric_limits<std::uint32_t>::max()) return false;
  const std::unique_lock lock(in_use_, std::try_to_lock);
  if (!lock.owns_lock()) return false;

  const std::uint32_t job = job_.load(std::memory_order_relaxed) + 1;
  body_ = &body;
  tasks_ = tasks;
  error_ = nullptr;
  helpers_.store(helpers, std::memory_order_relaxed);
  unfinished_.store(static_cast<std::uint32_t>(tasks), std::memory_order_relaxed);
  tickets_.store(ticket(job, static_cast<std::uint32_t>(tasks)), std::memory_order_release);
  job_.store(job, std::memory_order_release);
  if (helpers > 0) job_.notify_all();

  run_tasks(job);
  for (std::uint32_t left = unfinished_.load(std::memory_order_acquire); left != 0;
       left = unfinished_.load(std::memory_order_acquire)) {
    wait_for_change(unfinished_, left);
  }
  if (error_) std::rethrow_exception(error_);
  return true;
}

void ThreadPool::work(int worker) {
  std::uint32_t seen = 0;
  while (true) {
    wait_for_change(job_, seen);
    seen = job_.load(std::memory_order_acquire);
    if (stopping_) return;
    if (worker < helpers_.load(std::memory_order_relaxed)) run_tasks(seen);
  }
}

void ThreadPool::run_tasks(std::uint32_t job) {
  inside_task = true;
  for (std::int64_t task = 0; claim(job, task);) {
    try {
      (*body_)(task);
    } catch (...) {
      record_exception();
    }
    finish_task();
  }
  inside_task = false;
}

/// A claim succeeds only while the job has unclaimed tasks, so body_ and tasks_ are this job's after it.
bool ThreadPool::claim(std::uint32_t job, std::int64_t& task) {
  std::uint64_t tickets = tickets_.load(std::memory_order_acquire);
  while (job_of(tickets) == job && unclaimed_of(tickets) > 0) {
    if (tickets_.compare_exchange_weak(tickets, tickets - 1, std::memory_order_acq_rel)) {
      task = tasks_ - unclaimed_of(tickets);
      return true;
    }
  }
  return false;
}

void ThreadPool::finish_task() {
  if (unfinished_.fetch_sub(1, std::memory_order_acq_rel) == 1) unfinished_.notify_all();
}

/// Keeps the first error and withdraws the tasks that nobody has claimed.
void ThreadPool::record_exception() {
  const std::lock_guard lock(error_mutex_);
  if (!error_) error_ = std::current_exception();
  const std::uint64_t tickets = tickets_.fetch_and(~std::uint64_t{0xFFFFFFFF}, std::memory_order_acq_rel);
  unfinished_.fetch_sub(unclaimed_of(tickets), std::memory_order_acq_rel);
}

}  // namespace xent::cpu
