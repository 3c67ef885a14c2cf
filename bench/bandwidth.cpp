#include "bench/bandwidth.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>
#include <limits>
#include <memory>
#include <vector>

#include <xent/parallel.hpp>

#include "bench/bandwidth_loops.hpp"

namespace xent::bench {
namespace {

constexpr std::int64_t kFloats = 64LL << 20;  // 256 MiB: beyond any cache
constexpr std::int64_t kHalf = kFloats / 2;
constexpr std::int64_t kChunk = 1LL << 18;  // 1 MiB per task
constexpr std::int64_t kAhead[] = {0, 512, 2048};

struct Variant {
  const char* name;
  std::function<void()> call;
};

template <class Body>
void for_chunks(std::int64_t n, int threads, const Body& body) {
  parallel_for(n / kChunk, threads, [&](std::int64_t task) { body(task * kChunk); });
}

std::shared_ptr<Buffer<float>> touched_buffer(int threads) {
  auto buffer = std::make_shared<Buffer<float>>(kFloats + kAhead[2] + 1024);
  for_chunks(kFloats, threads, [&](std::int64_t i) { std::fill_n(buffer->data() + i, kChunk, 1.0F); });
  return buffer;
}

double best_seconds(const std::function<void()>& call) {
  double best = std::numeric_limits<double>::infinity();
  for (int trial = 0; trial < 5; ++trial) {
    const auto start = std::chrono::steady_clock::now();
    call();
    best = std::min(best, std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  return best;
}

Workload fastest(const std::vector<Variant>& variants, double bytes) {
  const Variant* best = nullptr;
  double best_time = std::numeric_limits<double>::infinity();
  for (const Variant& variant : variants) {
    if (const double time = best_seconds(variant.call); time < best_time) {
      best_time = time;
      best = &variant;
    }
  }
  return {.call = best->call, .bytes = bytes, .remark = best->name};
}

}  // namespace

Workload read_limit(int threads) {
  const auto buffer = touched_buffer(threads);
  const auto reader = [=](std::int64_t ahead) {
    return [=] {
      for_chunks(kFloats, threads, [&](std::int64_t i) {
        volatile float sink = read_floats(buffer->data() + i, kChunk, ahead);
        static_cast<void>(sink);
      });
    };
  };
  return fastest({{"plain loads", reader(0)},
                  {"prefetching 2 KiB ahead", reader(kAhead[1])},
                  {"prefetching 8 KiB ahead", reader(kAhead[2])}},
                 kFloats * sizeof(float));
}

Workload copy_limit(int threads) {
  const auto buffer = touched_buffer(threads);
  float* from = buffer->data();
  float* to = from + kHalf;
  const auto streamer = [=](std::int64_t ahead) {
    return [=, keep = buffer] {
      for_chunks(kHalf, threads, [&](std::int64_t i) { stream_floats(from + i, to + i, kChunk, ahead); });
    };
  };
  const auto copier = [=, keep = buffer] {
    for_chunks(kHalf, threads,
               [&](std::int64_t i) { std::memcpy(to + i, from + i, kChunk * sizeof(float)); });
  };
  return fastest({{"memcpy", copier},
                  {"streaming stores", streamer(0)},
                  {"streaming stores, prefetching 2 KiB ahead", streamer(kAhead[1])},
                  {"streaming stores, prefetching 8 KiB ahead", streamer(kAhead[2])}},
                 kFloats * sizeof(float));
}

}  // namespace xent::bench
