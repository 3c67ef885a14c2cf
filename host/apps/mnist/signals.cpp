// The handler stores to a lock-free atomic and nothing else: all that is safe there.
#include "host/apps/mnist/signals.hpp"

#include <atomic>
#include <csignal>

namespace xent::mnist {
namespace {

std::atomic<bool> stop_requested{false};
static_assert(std::atomic<bool>::is_always_lock_free);

extern "C" void request_stop(int) { stop_requested.store(true, std::memory_order_relaxed); }

}  // namespace

StopSignals::StopSignals() {
  stop_requested.store(false, std::memory_order_relaxed);
  struct sigaction action {};
  action.sa_handler = request_stop;
  // RESETHAND: the second signal meets the default action. RESTART: no read or write fails with EINTR.
  action.sa_flags = static_cast<int>(SA_RESETHAND | SA_RESTART);
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    sigaction(kSignals.at(i), nullptr, &before_.at(i));
    if (before_.at(i).sa_handler != SIG_IGN) sigaction(kSignals.at(i), &action, nullptr);
  }
}

StopSignals::~StopSignals() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals.at(i), &before_.at(i), nullptr);
}

bool StopSignals::requested() { return stop_requested.load(std::memory_order_relaxed); }

}  // namespace xent::mnist
