#include "bench/gpu/costs.hpp"

#include <cmath>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "bench/gpu/idle.hpp"
#include "bench/random_logits.hpp"
#include "host/cuda/gemm.hpp"
#include "host/cuda/memory.hpp"

namespace xent::bench {
namespace {

// As many as make the beginning and the end of the whole unimportant; few enough to queue up.
constexpr std::int64_t kCalls = 512;

// Of a matrix product's three matrices, beside the second-level cache.
constexpr double kCachesInAProduct = 4.0;
constexpr std::int64_t kSideGranule = 64;
constexpr std::int64_t kProducts = 4;

void queue_nothing(cuda::Stream stream) {
  for (std::int64_t i = 0; i < kCalls; ++i) launch_nothing(stream);
}

}  // namespace

GpuWork launch_cost(cuda::Stream stream) {
  return {
      .launch = [stream] { queue_nothing(stream); }, .calls = kCalls, .remark = "empty kernels, one by one"};
}

GpuWork graph_node_cost(cuda::Stream stream) {
  launch_nothing(stream);  // loads what is loaded lazily: not while recording
  cuda::wait(stream);
  const auto graph = std::make_shared<cuda::Graph>();
  graph->record(stream, [stream] { queue_nothing(stream); });
  return {.launch = [graph, stream] { graph->launch(stream); },
          .calls = kCalls,
          .remark = "empty kernels in a graph"};
}

GpuWork grid_sync_cost(unsigned blocks, cuda::Stream stream) {
  const auto arrived = std::make_shared<cuda::DeviceArray<unsigned>>(1);
  const auto reset = [arrived, stream] { cuda::fill_zero(arrived->data(), arrived->bytes(), stream); };
  return {.before = reset,
          .launch = [arrived, blocks, stream] { launch_meetings(arrived->data(), kCalls, blocks, stream); },
          .calls = kCalls,
          .remark = std::to_string(blocks) + " blocks of 256 threads, by an atomic counter"};
}

GpuWork gemm_rate(cuda::Stream stream) {
  const double elements =
      kCachesInAProduct * static_cast<double>(cuda::level2_cache_bytes()) / 3.0 / sizeof(float);
  const std::int64_t side = static_cast<std::int64_t>(std::sqrt(elements)) / kSideGranule * kSideGranule;
  const auto n = static_cast<std::size_t>(side);
  struct Product {
    Product(std::size_t n, cuda::Stream on)
        : x(n * n), weight(n * n), bias(n), y(n * n), products(cuda::make_linear_products(on)) {
      std::vector<float> numbers(n * n);  // zeros would need less power, and so be faster
      for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = random_logit(i);
      x.upload(numbers, on);
      weight.upload(numbers, on);
      bias.upload(std::span(numbers).first(n), on);
      cuda::wait(on);
    }
    cuda::DeviceArray<float> x;
    cuda::DeviceArray<float> weight;
    cuda::DeviceArray<float> bias;
    cuda::DeviceArray<float> y;
    std::unique_ptr<cuda::LinearProducts> products;
  };
  const auto product = std::make_shared<Product>(n, stream);
  const auto once = [product, side] {
    product->products->forward({.rows = side, .inputs = side, .outputs = side}, product->x.data(),
                               product->weight.data(), product->bias.data(), false, product->y.data());
  };
  once();  // may choose an algorithm
  cuda::wait(stream);
  return {
      .launch =
          [once] {
            for (std::int64_t i = 0; i < kProducts; ++i) once();
          },
      .calls = kProducts,
      .operations = 2.0 * static_cast<double>(side) * static_cast<double>(side) * static_cast<double>(side),
      .remark =
          cuda::linear_products_name() + ", f32, " + std::to_string(side) + " x " + std::to_string(side)};
}

}  // namespace xent::bench
