// A lock that ThreadSanitizer knows nothing of: a mutex would order the blocks that come to it, and hide
// their races.
#pragma once

#include <atomic>
#include <thread>

namespace simt {

class SpinLock {
 public:
  void lock() {
    while (taken_.test_and_set(std::memory_order_acquire)) std::this_thread::yield();
  }
  void unlock() { taken_.clear(std::memory_order_release); }

 private:
  std::atomic_flag taken_;
};

}  // namespace simt
