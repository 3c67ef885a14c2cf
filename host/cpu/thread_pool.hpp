// The worker threads behind parallel_for: one pool per process, started on first use.
#pragma once

#include <atomic>
#include <cstdint>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace xent::cpu {

/// Hands out tasks one by one. A job is over when its last task is, not when every worker has looked
/// at it: a worker that the system keeps from running delays nobody.
class ThreadPool {
 public:
  explicit ThreadPool(int workers);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  /// Runs body(0) … body(tasks - 1) on the caller and up to `helpers` workers. False, with nothing
  /// done, if the pool is at work for another thread or the caller is itself inside a task.
  bool try_run(std::int64_t tasks, int helpers, const std::function<void(std::int64_t)>& body);

  int workers() const { return static_cast<int>(threads_.size()); }

 private:
  void work(int worker);
  void run_tasks(std::uint32_t job);
  bool claim(std::uint32_t job, std::int64_t& task);
  void finish_task();
  void record_exception();

  std::mutex in_use_;

  // The open job, written before job_ changes and stable while any of its tasks is claimed.
  const std::function<void(std::int64_t)>* body_ = nullptr;
  std::int64_t tasks_ = 0;
  std::exception_ptr error_;
  std::mutex error_mutex_;

  std::atomic<std::uint32_t> job_{0};      ///< number of the open job; workers wait for it to change
  std::atomic<std::uint64_t> tickets_{0};  ///< job number (high half) and tasks not yet claimed (low half)
  std::atomic<std::uint32_t> unfinished_{0};
  std::atomic<int> helpers_{0};  ///< workers welcome at the open job
  std::atomic<bool> stopping_{false};
  std::vector<std::thread> threads_;
};

}  // namespace xent::cpu
