// host/cuda/runtime.hpp over the emulation: device memory is host memory, and work is done when the call that
// queues it returns.
#include "host/cuda/runtime.hpp"

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <new>
#include <utility>

#include <xent/error.hpp>

#include "host/cuda/backend.hpp"
#include "tests/emulated/device.hpp"

namespace xent::cuda {
namespace {

plan::DeviceProperties& properties() {
  static plan::DeviceProperties current = testing::kLargeDevice;
  return current;
}

std::int64_t graphs_launched = 0;

plan::GpuThresholds& thresholds() {
  static plan::GpuThresholds current = plan::kGpuThresholds;
  return current;
}

}  // namespace

std::string unavailable() { return {}; }

std::string device_name() { return "emulated CUDA device"; }
const plan::DeviceProperties& device_properties() { return properties(); }
const plan::GpuThresholds& plan_thresholds() { return thresholds(); }
std::size_t level2_cache_bytes() { return 16U << 10U; }  // so that little is enough to exceed it
Versions versions() { return {}; }

// Exactly as many bytes, so that AddressSanitizer sees their end; filled, so that nobody relies on zeros.
void* allocate(std::size_t bytes) {
  void* const memory = ::operator new (bytes, std::align_val_t{256}, std::nothrow);
  if (memory == nullptr) throw OutOfMemory("device memory: " + std::to_string(bytes) + " bytes asked for");
  return std::memset(memory, 0xFF, bytes);
}
void release(void* memory) noexcept { ::operator delete (memory, std::align_val_t{256}); }
void* allocate_pinned(std::size_t bytes) { return allocate(bytes); }
void release_pinned(void* memory) noexcept { release(memory); }

Stream make_stream() { return nullptr; }
void release_stream(Stream) noexcept {}

void fill_zero(void* at, std::size_t bytes, Stream) { std::memset(at, 0, bytes); }
void copy(void* to, const void* from, std::size_t bytes, Stream) { std::memcpy(to, from, bytes); }
void wait(Stream) {}

struct Graph::State {
  std::function<void()> work{};
};

Graph::Graph() : state_(std::make_unique<State>()) {}
Graph::~Graph() = default;
Graph::Graph(Graph&&) noexcept = default;
Graph& Graph::operator=(Graph&&) noexcept = default;
bool Graph::recorded() const { return static_cast<bool>(state_->work); }
void Graph::record(Stream, const std::function<void()>& work) { state_->work = work; }
void Graph::launch(Stream) const {
  ++graphs_launched;
  state_->work();
}

struct Timer::State {
  std::chrono::steady_clock::time_point start{};
  std::chrono::steady_clock::time_point stop{};
};

Timer::Timer() : state_(std::make_unique<State>()) {}
Timer::~Timer() = default;
Timer::Timer(Timer&&) noexcept = default;
void Timer::start(Stream) { state_->start = std::chrono::steady_clock::now(); }
void Timer::stop(Stream) { state_->stop = std::chrono::steady_clock::now(); }
double Timer::seconds() const { return std::chrono::duration<double>(state_->stop - state_->start).count(); }

}  // namespace xent::cuda

namespace xent::testing {

EmulatedDevice::EmulatedDevice(const plan::DeviceProperties& device)
    : before_(std::exchange(cuda::properties(), device)) {}
EmulatedDevice::~EmulatedDevice() { cuda::properties() = before_; }

std::int64_t graph_launches() { return cuda::graphs_launched; }

EmulatedThresholds::EmulatedThresholds(const plan::GpuThresholds& thresholds)
    : before_(std::exchange(cuda::thresholds(), thresholds)) {}
EmulatedThresholds::~EmulatedThresholds() { cuda::thresholds() = before_; }

}  // namespace xent::testing
