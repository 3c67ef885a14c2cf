// The library's worker threads, open to its callers so that their loops and the library's share one pool.
#pragma once

#include <cstdint>
#include <functional>

namespace xent {

/// Threads that `requested` stands for: itself if positive, for 0 all that the process may run on.
/// Throws InvalidArgument if negative or above 1024.
int thread_count(int requested);

/// Runs body(task) for every task in [0, tasks) on up to `threads` threads (as thread_count counts),
/// the calling one included; returns when all are done. Tasks are handed out in order, one by one, so
/// which thread runs a task is not determined: make the result depend on the task alone.
///
/// A call from inside a task that runs on the pool, or while another thread's call holds it, runs on the
/// calling thread. An exception in a task is rethrown here after the running tasks end; unstarted tasks are
/// dropped.
void parallel_for(std::int64_t tasks, int threads, const std::function<void(std::int64_t task)>& body);

}  // namespace xent
