// A launch: its blocks (or clusters) handed to as many OS threads as asked for.
#include <mutex>
#include <numeric>
#include <thread>

#include "tests/simt/arena.hpp"
#include "tests/simt/processor.hpp"
#include "tests/simt/runtime.hpp"

namespace simt {
namespace {

/// Fibers are expensive to make: processors wait here for the next launch.
class Idle {
 public:
  std::unique_ptr<Processor> take() {
    const std::lock_guard lock(mutex_);
    if (processors_.empty()) return std::make_unique<Processor>();
    auto one = std::move(processors_.back());
    processors_.pop_back();
    return one;
  }
  void give(std::unique_ptr<Processor> one) {
    const std::lock_guard lock(mutex_);
    processors_.push_back(std::move(one));
  }

 private:
  std::mutex mutex_;
  std::vector<std::unique_ptr<Processor>> processors_;
};

Idle& idle() {
  static Idle processors;
  return processors;
}

std::uint64_t count(dim3 d) { return std::uint64_t{d.x} * d.y * d.z; }

void check(const Config& config, const Options& options) {
  const dim3 grid = config.grid, block = config.block, cluster = config.cluster;
  if (running != nullptr) throw Error("a kernel cannot launch a kernel here");
  if (count(grid) == 0 || grid.x > 0x7FFFFFFFU || grid.y > 65535 || grid.z > 65535)
    throw Error("invalid grid");
  if (count(block) == 0 || count(block) > kMaxThreads || block.z > 64) throw Error("invalid block");
  if (count(cluster) == 0 || count(cluster) > kMaxClusterSize || grid.x % cluster.x != 0 ||
      grid.y % cluster.y != 0 || grid.z % cluster.z != 0) {
    throw Error("invalid cluster");
  }
  if (config.cooperative && count(cluster) != 1) throw Error("a cooperative grid of clusters");
  if (config.cooperative && count(grid) > kMaxCooperativeBlocks) {
    throw Error("a cooperative grid of " + std::to_string(count(grid)) + " blocks, of which at most " +
                std::to_string(kMaxCooperativeBlocks) + " are here at once");
  }
  if (config.dynamic_bytes > options.shared_limit) throw Error("too much dynamic shared memory");
}

std::vector<std::uint64_t> order(std::uint64_t clusters, const Options& options) {
  std::vector<std::uint64_t> numbers(clusters);
  std::iota(numbers.begin(), numbers.end(), 0);
  if (options.schedule == Schedule::fifo) return numbers;
  Random random(options.seed, ~0ULL);
  for (std::uint64_t i = clusters; i > 1; --i) {
    std::swap(numbers[i - 1], numbers[random.below(static_cast<std::uint32_t>(i))]);
  }
  return numbers;
}

void work(Launch& launch, const std::vector<std::uint64_t>& numbers, std::atomic<std::size_t>& next) {
  auto processor = idle().take();
  const dim3 size = launch.group;
  const unsigned columns = launch.grid.x / size.x, rows = launch.grid.y / size.y;
  for (std::size_t i = next++; i < numbers.size() && !launch.failed; i = next++) {
    const std::uint64_t number = numbers[i];
    processor->run(launch, number,
                   {static_cast<unsigned>(number % columns) * size.x,
                    static_cast<unsigned>(number / columns % rows) * size.y,
                    static_cast<unsigned>(number / columns / rows) * size.z});
  }
  idle().give(std::move(processor));
}

}  // namespace

void launch(const Config& config, void (*call)(void*), void* kernel) {
  Launch launch;
  launch.options = options();
  check(config, launch.options);
  launch.grid = config.grid;
  launch.block = config.block;
  launch.cluster = config.cluster;
  launch.cooperative = config.cooperative;
  launch.group = config.cooperative ? config.grid : config.cluster;
  launch.dynamic_bytes = config.dynamic_bytes;
  launch.call = call;
  launch.kernel = kernel;
  launch.offsets.resize(declaration_count());
  launch.start_sync = fresh_sync();
  launch.end_sync = fresh_sync();
  const auto numbers = order(count(config.grid) / launch.group_size(), launch.options);
  std::atomic<std::size_t> next{0};
  const auto hands = std::min<std::size_t>(std::max(1U, launch.options.threads), numbers.size());
  release(launch.start_sync);
  {
    std::vector<std::jthread> helpers;
    for (std::size_t i = 1; i < hands; ++i) helpers.emplace_back([&] { work(launch, numbers, next); });
    work(launch, numbers, next);
  }
  acquire(launch.end_sync);
  if (launch.failed) throw Error(launch.report);
}

}  // namespace simt
