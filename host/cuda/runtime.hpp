// What the host asks of a device besides running kernels. CUDA's runtime answers in runtime.cpp; in the
// emulation device memory is host memory, and work is done when the call that queues it returns.
//
// All of it concerns the calling thread's current device. Throws CudaError, and OutOfMemory for allocations.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>

#include "host/plan/gpu_plan.hpp"

namespace xent::cuda {

using Stream = void*;  ///< a cudaStream_t

/// "NVIDIA H200, 132 multiprocessors, 139 GiB"
std::string device_name();
const plan::DeviceProperties& device_properties();
/// What plans go by: those that ship; in the emulation, what a test wants.
const plan::GpuThresholds& plan_thresholds();
std::size_t level2_cache_bytes();

/// As CUDA numbers them: 13000 is 13.0. The driver's is the newest runtime that it supports.
struct Versions {
  int runtime = 0;
  int driver = 0;
};
Versions versions();

void* allocate(std::size_t bytes);
void release(void* memory) noexcept;
/// Host memory that copies to and from the device need not stage.
void* allocate_pinned(std::size_t bytes);
void release_pinned(void* memory) noexcept;

Stream make_stream();
void release_stream(Stream stream) noexcept;

void fill_zero(void* at, std::size_t bytes, Stream stream);
/// Between host and device in either direction, or within the device.
void copy(void* to, const void* from, std::size_t bytes, Stream stream);
void wait(Stream stream);

/// Work recorded once and launched often.
class Graph {
 public:
  Graph();
  ~Graph();
  Graph(Graph&&) noexcept;
  Graph& operator=(Graph&&) noexcept;

  bool recorded() const;
  /// Records what `work` queues on the stream; nothing of it runs. The emulation keeps `work` itself, so it
  /// must stay valid and queue the same work every time.
  void record(Stream stream, const std::function<void()>& work);
  void launch(Stream stream) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// How long the device took from one point of a stream to another.
class Timer {
 public:
  Timer();
  ~Timer();
  Timer(Timer&&) noexcept;

  void start(Stream stream);
  void stop(Stream stream);
  /// Waits until the stream has passed stop().
  double seconds() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace xent::cuda
