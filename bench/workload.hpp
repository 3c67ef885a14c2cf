// Something that can be measured, and the memory it works on.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <new>
#include <string>
#include <utility>

namespace xent::bench {

struct Workload {
  std::function<void()> call{};  ///< does it once
  double bytes = 0.0;            ///< that one call must move at the least; 0 where bytes are not the point
  double operations = 0.0;       ///< f32 ones of a call that is all arithmetic, two per multiply-add
  double row_bytes = 0.0;        ///< those of labels and other numbers per row, which `bytes` leaves out
  std::int64_t sets = 1;         ///< of buffers that the calls use in turn
  std::string remark{};
};

/// Memory that starts on a cache line, as frameworks allocate it. Its pages are not touched yet: fill it
/// with the threads that will use it, so that each page lies near them.
template <class T>
class Buffer {
 public:
  explicit Buffer(std::int64_t size)
      : data_(static_cast<T*>(::operator new(static_cast<std::size_t>(size) * sizeof(T), kAlignment))) {}
  Buffer(Buffer&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;
  Buffer& operator=(Buffer&&) = delete;
  ~Buffer() { ::operator delete(data_, kAlignment); }

  T* data() { return data_; }
  const T* data() const { return data_; }

 private:
  static constexpr std::align_val_t kAlignment{64};
  T* data_;
};

}  // namespace xent::bench
