// The handler stores to a lock-free atomic and nothing else: all that is safe there.
#include "host/apps/mnist/signals.hpp"

#include <atomic>
#include <csignal>

namespace xent::mnist {
namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void request_stop(int) { stop_requested.store(true, std::memory_order_relaxed); }

void set_handlers(void (*handler)(int)) {
  struct sigaction action {};
  action.sa_handler = handler;
  // RESETHAND: the second signal meets the default action. RESTART: no read or write fails with EINTR.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

}  // namespace

StopSignals::StopSignals() {
  stop_requested.store(false, std::memory_order_relaxed);
  set_handlers(request_stop);
}

StopSignals::~StopSignals() { set_handlers(SIG_DFL); }

bool StopSignals::requested() { return stop_requested.load(std::memory_order_relaxed); }

}  // namespace xent::mnist
