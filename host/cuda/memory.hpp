// Owners of device memory, pinned memory and streams.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "host/cuda/runtime.hpp"

namespace xent::cuda {

/// So many elements of device memory; moved, never copied.
template <class T>
class DeviceArray {
 public:
  DeviceArray() = default;
  explicit DeviceArray(std::size_t size)
      : data_(size == 0 ? nullptr : static_cast<T*>(allocate(size * sizeof(T)))), size_(size) {}
  ~DeviceArray() { release(data_); }
  DeviceArray(DeviceArray&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  DeviceArray& operator=(DeviceArray&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }

  T* data() const { return data_; }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(T); }

  /// The host's memory must stay until the stream has passed.
  void upload(std::span<const T> from, Stream stream) { copy(data_, from.data(), from.size_bytes(), stream); }
  /// Waits for the stream.
  std::vector<T> download(Stream stream) const {
    std::vector<T> values(size_);
    if (size_ != 0) copy(values.data(), data_, bytes(), stream);
    wait(stream);
    return values;
  }

 private:
  T* data_ = nullptr;
  std::size_t size_ = 0;
};

class OwnedStream {
 public:
  OwnedStream() : stream_(make_stream()) {}
  ~OwnedStream() { release_stream(stream_); }
  OwnedStream(const OwnedStream&) = delete;
  OwnedStream& operator=(const OwnedStream&) = delete;
  Stream get() const { return stream_; }

 private:
  Stream stream_;
};

}  // namespace xent::cuda
