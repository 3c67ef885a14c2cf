#include "bench/gpu/work.hpp"

#include <algorithm>
#include <chrono>
#include <memory>
#include <vector>

#include "bench/gpu/read.hpp"
#include "host/cuda/memory.hpp"

namespace xent::bench {
namespace {

constexpr std::int64_t kLimitCalls = 8;
constexpr std::size_t kCachesInALimit = 20;

double host_seconds(const GpuWork& work, std::int64_t launches) {
  const auto start = std::chrono::steady_clock::now();
  for (std::int64_t i = 0; i < launches; ++i) work.launch();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

/// Bytes that are no pattern: memory that holds one value everywhere may be read and written faster.
void fill_with_noise(cuda::DeviceArray<std::uint64_t>& memory, cuda::Stream stream) {
  std::vector<std::uint64_t> noise(std::min<std::size_t>(memory.size(), (1U << 20U) - 1));
  std::uint64_t x = 1;
  for (std::uint64_t& value : noise) value = x = x * 6364136223846793005U + 1442695040888963407U;
  for (std::size_t done = 0; done < memory.size(); done += noise.size()) {
    const std::size_t count = std::min(noise.size(), memory.size() - done);
    cuda::copy(memory.data() + done, noise.data(), count * sizeof(std::uint64_t), stream);
  }
  cuda::wait(stream);
}

GpuWork repeated(const std::function<void()>& once, std::shared_ptr<cuda::Graph> graph, double bytes,
                 cuda::Stream stream) {
  once();  // loads what is loaded lazily: not while recording
  cuda::wait(stream);
  graph->record(stream, [once] {
    for (std::int64_t i = 0; i < kLimitCalls; ++i) once();
  });
  return {.launch = [graph, stream] { graph->launch(stream); }, .calls = kLimitCalls, .bytes = bytes};
}

std::size_t limit_words() { return kCachesInALimit * cuda::level2_cache_bytes() / sizeof(std::uint64_t); }

}  // namespace

double seconds_of(const GpuWork& work, std::int64_t launches, std::int64_t warm, cuda::Stream stream) {
  const auto prepare = [&] {
    if (work.before) work.before();
  };
  for (std::int64_t i = 0; i < warm; ++i) {
    prepare();
    work.launch();
  }
  cuda::wait(stream);
  if (work.timed_by_host) return host_seconds(work, launches);
  std::vector<cuda::Timer> timers(static_cast<std::size_t>(launches));
  for (cuda::Timer& timer : timers) {
    prepare();
    timer.start(stream);
    work.launch();
    timer.stop(stream);
  }
  double sum = 0.0;
  for (const cuda::Timer& timer : timers) sum += timer.seconds();
  return sum;
}

std::optional<Mode> mode_from(const std::string& text) {
  if (text == "graph") return Mode::graph;
  if (text == "stream") return Mode::stream;
  if (text == "call") return Mode::call;
  return {};
}

GpuWork read_limit(cuda::Stream stream) {
  struct Memory {
    cuda::DeviceArray<std::uint64_t> from{limit_words()};
    cuda::DeviceArray<unsigned> sink{1};
  };
  const auto memory = std::make_shared<Memory>();
  fill_with_noise(memory->from, stream);
  const plan::DeviceProperties& device = cuda::device_properties();
  // As many blocks as the device holds at once, so that none has to wait for a place.
  const auto grid = static_cast<unsigned>(device.multiprocessors * device.threads_per_multiprocessor / 256);
  const auto once = [memory, stream, grid] {
    launch_read(memory->from.data(), static_cast<std::int64_t>(memory->from.bytes()) / kReadBytesPerChunk,
                memory->sink.data(), grid, stream);
  };
  return repeated(once, std::make_shared<cuda::Graph>(), static_cast<double>(memory->from.bytes()), stream);
}

GpuWork copy_limit(cuda::Stream stream) {
  struct Memory {
    cuda::DeviceArray<std::uint64_t> from{limit_words()};
    cuda::DeviceArray<std::uint64_t> to{limit_words()};
  };
  const auto memory = std::make_shared<Memory>();
  fill_with_noise(memory->from, stream);
  const auto once = [memory, stream] {
    cuda::copy(memory->to.data(), memory->from.data(), memory->from.bytes(), stream);
  };
  return repeated(once, std::make_shared<cuda::Graph>(), 2.0 * static_cast<double>(memory->from.bytes()),
                  stream);
}

}  // namespace xent::bench
