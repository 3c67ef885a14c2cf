// What the sanitizers must be told about fibers and shared memory; nothing without them.
#pragma once

#include <cstddef>

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SIMT_ASAN 1
#endif
#if __has_feature(thread_sanitizer)
#define SIMT_TSAN 1
#endif
#endif
#if defined(__SANITIZE_ADDRESS__)
#define SIMT_ASAN 1
#endif
// The runtime itself is compiled without -fsanitize=thread and gets SIMT_TSAN from the build.
#if defined(__SANITIZE_THREAD__) && !defined(SIMT_TSAN)
#define SIMT_TSAN 1
#endif

#ifdef SIMT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#ifdef SIMT_TSAN
#include <sanitizer/tsan_interface.h>
extern "C" {
void AnnotateIgnoreReadsBegin(const char* file, int line);
void AnnotateIgnoreReadsEnd(const char* file, int line);
void AnnotateIgnoreWritesBegin(const char* file, int line);
void AnnotateIgnoreWritesEnd(const char* file, int line);
void __tsan_read_range(void* p, long n);  // signed, as GCC has it built in
void __tsan_write_range(void* p, long n);
}
#endif

namespace simt {

#ifdef SIMT_ASAN
inline void poison(const void* p, std::size_t n) { __asan_poison_memory_region(p, n); }
inline void unpoison(const void* p, std::size_t n) { __asan_unpoison_memory_region(p, n); }
#else
inline void poison(const void*, std::size_t) {}
inline void unpoison(const void*, std::size_t) {}
#endif

#ifdef SIMT_TSAN
inline void release(void* sync) { __tsan_release(sync); }
inline void acquire(void* sync) { __tsan_acquire(sync); }
// What the running thread does by way of the runtime.
inline void observe_read(const void* p, std::size_t n) {
  __tsan_read_range(const_cast<void*>(p), static_cast<long>(n));
}
inline void observe_write(void* p, std::size_t n) { __tsan_write_range(p, static_cast<long>(n)); }
#else
inline void release(void*) {}
inline void acquire(void*) {}
inline void observe_read(const void*, std::size_t) {}
inline void observe_write(void*, std::size_t) {}
#endif

/// In its scope, ThreadSanitizer takes what happens for another thread's doing: that fiber's, or a new one's
/// that nothing orders but what it acquires.
class AsAnotherThread {
 public:
#ifdef SIMT_TSAN
  explicit AsAnotherThread(void* fiber = nullptr)
      : self_(__tsan_get_current_fiber()), own_(fiber == nullptr ? __tsan_create_fiber(0) : nullptr) {
    __tsan_switch_to_fiber(fiber != nullptr ? fiber : own_, __tsan_switch_to_fiber_no_sync);
  }
  ~AsAnotherThread() {
    __tsan_switch_to_fiber(self_, __tsan_switch_to_fiber_no_sync);
    if (own_ != nullptr) __tsan_destroy_fiber(own_);
  }
#else
  explicit AsAnotherThread(void* = nullptr) {}
  ~AsAnotherThread() {}  // NOLINT: not trivial, so that an unused object is no warning
#endif
  AsAnotherThread(const AsAnotherThread&) = delete;
  AsAnotherThread& operator=(const AsAnotherThread&) = delete;

#ifdef SIMT_TSAN
 private:
  void* self_;
  void* own_;
#endif
};

/// For the runtime's few inline functions that write: it is compiled without ThreadSanitizer, they are not.
#ifdef SIMT_TSAN
#define SIMT_UNOBSERVED __attribute__((no_sanitize("thread")))
#else
#define SIMT_UNOBSERVED
#endif

/// The runtime's own work on a kernel's memory is no access of the kernel's.
class Unobserved {
 public:
#ifdef SIMT_TSAN
  Unobserved() {
    AnnotateIgnoreReadsBegin(__FILE__, __LINE__);
    AnnotateIgnoreWritesBegin(__FILE__, __LINE__);
  }
  ~Unobserved() {
    AnnotateIgnoreWritesEnd(__FILE__, __LINE__);
    AnnotateIgnoreReadsEnd(__FILE__, __LINE__);
  }
#else
  Unobserved() {}        // NOLINT: not trivial, so that an unused object is no warning
  ~Unobserved() {}       // NOLINT
#endif
  Unobserved(const Unobserved&) = delete;
  Unobserved& operator=(const Unobserved&) = delete;
};

/// A barrier's phase as ThreadSanitizer sees it. Every phase has its own: with a shared one, what a
/// thread released in an earlier phase would order it with threads it never met in this one.
#ifdef SIMT_TSAN
void* fresh_sync();
#else
inline void* fresh_sync() { return nullptr; }
#endif

}  // namespace simt
