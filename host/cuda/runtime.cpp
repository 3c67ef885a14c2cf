// The CUDA runtime's answers. The library links its static form, which looks for the driver when it is first
// needed: a program that uses only the CPU runs where there is none.
#include "host/cuda/runtime.hpp"

#include <cuda_runtime_api.h>

#include <array>
#include <atomic>
#include <mutex>

#include <xent/error.hpp>

#include "host/cuda/backend.hpp"
#include "host/cuda/diagnosis.hpp"
#include "kernels/instances/table.hpp"

namespace xent::cuda {
namespace {

constexpr int kMostDevices = 64;

void check(cudaError_t code, const char* call) {
  if (code == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // ours to report, not a later caller's to find
  int device = -1;
  static_cast<void>(cudaGetDevice(&device));
  throw CudaError(
      std::string(call) + ": " + cudaGetErrorString(code) + " (device " + std::to_string(device) + ")",
      static_cast<int>(code));
}

int current_device() {
  int device = 0;
  check(cudaGetDevice(&device), "current device");
  if (device >= kMostDevices) throw CudaError("device number " + std::to_string(device) + ", at most 63", 0);
  return device;
}

int attribute(cudaDeviceAttr what, int device) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, what, device), "device attribute");
  return value;
}

cudaStream_t native(Stream stream) { return static_cast<cudaStream_t>(stream); }

[[noreturn]] void out_of_memory(std::size_t bytes) {
  std::size_t free = 0;
  std::size_t total = 0;
  static_cast<void>(cudaGetLastError());  // not sticky: the context stays usable
  static_cast<void>(cudaMemGetInfo(&free, &total));
  throw OutOfMemory("device memory: " + std::to_string(bytes) + " bytes asked for, " + std::to_string(free) +
                    " of " + std::to_string(total) + " free");
}

DriverFacts driver_facts() {
  DriverFacts facts;
  static_cast<void>(cudaRuntimeGetVersion(&facts.runtime));
  static_cast<void>(cudaDriverGetVersion(&facts.driver));  // 0 without a driver
  const cudaError_t counted = cudaGetDeviceCount(&facts.devices);
  if (counted != cudaSuccess) {
    facts.devices = 0;
    facts.reason = cudaGetErrorString(counted);
  }
  static_cast<void>(cudaGetLastError());
  if (facts.devices == 0) return facts;
  int device = 0;
  cudaDeviceProp properties{};
  cudaError_t code = cudaGetDevice(&device);
  if (code == cudaSuccess) code = cudaGetDeviceProperties(&properties, device);
  if (code != cudaSuccess) {
    static_cast<void>(cudaGetLastError());
    facts.reason = cudaGetErrorString(code);
    return facts;
  }
  facts.device_name = properties.name;
  facts.compute_capability = 10 * properties.major + properties.minor;
  try {
    facts.has_kernels = gpu::runs_here();
  } catch (const CudaError& error) {
    facts.reason = error.what();
  }
  return facts;
}

}  // namespace

std::string unavailable() {
  static std::atomic<bool> usable{false};
  if (usable.load(std::memory_order_relaxed)) return {};
  std::string why = diagnose(driver_facts());
  usable.store(why.empty(), std::memory_order_relaxed);
  return why;
}

std::string device_name() {
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, current_device()), "device properties");
  return std::string(properties.name) + ", " + std::to_string(properties.multiProcessorCount) +
         " multiprocessors, " + std::to_string(properties.totalGlobalMem >> 30U) + " GiB";
}

const plan::GpuThresholds& plan_thresholds() { return plan::kGpuThresholds; }

const plan::DeviceProperties& device_properties() {
  static std::array<std::once_flag, kMostDevices> once;
  static std::array<plan::DeviceProperties, kMostDevices> all;
  const int device = current_device();
  const auto index = static_cast<std::size_t>(device);
  std::call_once(once[index], [&] {
    const auto bytes = [device](cudaDeviceAttr what) {
      return static_cast<std::size_t>(attribute(what, device));
    };
    all[index] = {.compute_capability = 10 * attribute(cudaDevAttrComputeCapabilityMajor, device) +
                                        attribute(cudaDevAttrComputeCapabilityMinor, device),
                  .multiprocessors = attribute(cudaDevAttrMultiProcessorCount, device),
                  .threads_per_multiprocessor = attribute(cudaDevAttrMaxThreadsPerMultiProcessor, device),
                  .shared_per_multiprocessor = bytes(cudaDevAttrMaxSharedMemoryPerMultiprocessor),
                  .shared_per_block = bytes(cudaDevAttrMaxSharedMemoryPerBlockOptin)};
  });
  return all[index];
}

std::size_t level2_cache_bytes() {
  return static_cast<std::size_t>(attribute(cudaDevAttrL2CacheSize, current_device()));
}

Versions versions() {
  Versions found;
  check(cudaRuntimeGetVersion(&found.runtime), "version of the runtime");
  check(cudaDriverGetVersion(&found.driver), "version of the driver");
  return found;
}

void* allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t code = cudaMalloc(&memory, bytes);
  if (code == cudaErrorMemoryAllocation) out_of_memory(bytes);
  check(code, "device memory");
  return memory;
}

void release(void* memory) noexcept { static_cast<void>(cudaFree(memory)); }

void* allocate_pinned(std::size_t bytes) {
  void* memory = nullptr;
  check(cudaMallocHost(&memory, bytes), "pinned memory");
  return memory;
}

void release_pinned(void* memory) noexcept { static_cast<void>(cudaFreeHost(memory)); }

Stream make_stream() {
  cudaStream_t stream = nullptr;
  check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "new stream");
  return stream;
}

void release_stream(Stream stream) noexcept { static_cast<void>(cudaStreamDestroy(native(stream))); }

void fill_zero(void* at, std::size_t bytes, Stream stream) {
  check(cudaMemsetAsync(at, 0, bytes, native(stream)), "zero fill");
}

void copy(void* to, const void* from, std::size_t bytes, Stream stream) {
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, native(stream)), "copy");
}

void wait(Stream stream) { check(cudaStreamSynchronize(native(stream)), "wait for the stream"); }

struct Graph::State {
  cudaGraphExec_t executable = nullptr;
};

Graph::Graph() : state_(std::make_unique<State>()) {}
Graph::~Graph() {
  if (state_ && state_->executable != nullptr) static_cast<void>(cudaGraphExecDestroy(state_->executable));
}
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&& other) noexcept {
  std::swap(state_, other.state_);
  return *this;
}

bool Graph::recorded() const { return state_->executable != nullptr; }

void Graph::record(Stream stream, const std::function<void()>& work) {
  check(cudaStreamBeginCapture(native(stream), cudaStreamCaptureModeThreadLocal), "begin of capture");
  cudaGraph_t graph = nullptr;
  try {
    work();
  } catch (...) {
    static_cast<void>(cudaStreamEndCapture(native(stream), &graph));
    if (graph != nullptr) static_cast<void>(cudaGraphDestroy(graph));
    throw;
  }
  check(cudaStreamEndCapture(native(stream), &graph), "end of capture");
  cudaGraphExec_t executable = nullptr;
  const cudaError_t code = cudaGraphInstantiate(&executable, graph, 0);
  static_cast<void>(cudaGraphDestroy(graph));
  check(code, "graph");
  if (state_->executable != nullptr) static_cast<void>(cudaGraphExecDestroy(state_->executable));
  state_->executable = executable;
}

void Graph::launch(Stream stream) const {
  check(cudaGraphLaunch(state_->executable, native(stream)), "graph launch");
}

struct Timer::State {
  cudaEvent_t start = nullptr;
  cudaEvent_t stop = nullptr;
  ~State() {
    if (start != nullptr) static_cast<void>(cudaEventDestroy(start));
    if (stop != nullptr) static_cast<void>(cudaEventDestroy(stop));
  }
};

Timer::Timer() : state_(std::make_unique<State>()) {
  check(cudaEventCreate(&state_->start), "new event");
  check(cudaEventCreate(&state_->stop), "new event");
}
Timer::~Timer() = default;
Timer::Timer(Timer&&) noexcept = default;

void Timer::start(Stream stream) { check(cudaEventRecord(state_->start, native(stream)), "event"); }
void Timer::stop(Stream stream) { check(cudaEventRecord(state_->stop, native(stream)), "event"); }

double Timer::seconds() const {
  float milliseconds = 0.0F;
  check(cudaEventSynchronize(state_->stop), "wait for an event");
  check(cudaEventElapsedTime(&milliseconds, state_->start, state_->stop), "time between events");
  return 1e-3 * static_cast<double>(milliseconds);
}

}  // namespace xent::cuda
