#include "bench/gpu/mapped.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include "bench/loss_buffers.hpp"
#include "bench/random_logits.hpp"
#include "host/cuda/memory.hpp"
#include "kernels/instances/table.hpp"

namespace xent::bench {
namespace {

using Op = MappedOperation;

constexpr std::pair<const char*, Op> kOperations[] = {{"cross_entropy", Op::cross_entropy},
                                                      {"softmax", Op::softmax},
                                                      {"softmax_backward", Op::softmax_backward}};
constexpr std::pair<const char*, gpu::Mapping> kNames[] = {{"few_lanes", gpu::Mapping::few_lanes},
                                                           {"warp", gpu::Mapping::warp},
                                                           {"block", gpu::Mapping::block},
                                                           {"wide_block", gpu::Mapping::wide_block}};
constexpr std::pair<const char*, bool> kFills[] = {{"threads", false}, {"bulk", true}};

/// As in loss.cpp: sets beyond the cache, and a graph of milliseconds.
constexpr double kCachesOfSets = 3.0;
constexpr double kCachesPerGraph = 60.0;
constexpr std::int64_t kMostCalls = 256;

/// A sum of probabilities in the coarsest type may be off by as much.
constexpr double kSumTolerance = 0.05;

template <class Value, std::size_t n>
std::optional<Value> find(const std::pair<const char*, Value> (&table)[n], const std::string& text) {
  for (const auto& [name, value] : table) {
    if (text == name) return value;
  }
  return {};
}

int matrices_read(Op op) { return op == Op::softmax_backward ? 2 : 1; }

plan::GpuPlan plan_of(const MappedCase& c) {
  const plan::DeviceProperties& device = cuda::device_properties();
  const int read = matrices_read(c.operation);
  plan::GpuPlan made = plan::plan_gpu({.layout = row_major(c.rows, c.classes),
                                       .dtype = c.dtype,
                                       .tiles = read,
                                       .matrices_read = read,
                                       .writes_matrix = true},
                                      device, always(c));
  constexpr std::size_t kReserve = 3U << 10U;  // for what a kernel has besides
  if (made.shared_bytes + kReserve > device.shared_per_block) {
    throw std::runtime_error("rows of " + std::to_string(c.classes) + " classes do not fit: " +
                             std::to_string(made.shared_bytes) + " bytes of shared memory in a block");
  }
  if (made.tile.bulk != c.in_bulk) {
    throw std::runtime_error("bulk copies want compute capability 9.0 and a block for each row");
  }
  return made;
}

template <class T>
struct Set {
  cuda::DeviceArray<T> logits;
  cuda::DeviceArray<T> upstream;
  cuda::DeviceArray<T> result;
};

template <class T>
class MappedWork {
 public:
  MappedWork(const MappedCase& c, std::int64_t sets, cuda::Stream stream)
      : case_(c),
        plan_(plan_of(c)),
        stream_(stream),
        labels_(static_cast<std::size_t>(c.rows)),
        loss_(static_cast<std::size_t>(c.rows)) {
    const auto elements = static_cast<std::size_t>(c.rows * c.classes);
    std::vector<T> numbers(elements);
    for (std::size_t i = 0; i < elements; ++i) numbers[i] = T(random_logit(i));
    for (std::int64_t i = 0; i < sets; ++i) {
      const bool two = matrices_read(c.operation) == 2;
      sets_.push_back({cuda::DeviceArray<T>(elements), cuda::DeviceArray<T>(two ? elements : 0),
                       cuda::DeviceArray<T>(elements)});
      sets_.back().logits.upload(numbers, stream);
      if (two) sets_.back().upstream.upload(numbers, stream);
    }
    std::vector<std::int64_t> labels(static_cast<std::size_t>(c.rows));
    for (std::size_t r = 0; r < labels.size(); ++r) labels[r] = static_cast<std::int64_t>(r) % c.classes;
    labels_.upload(labels, stream);
    cuda::wait(stream);
  }

  cuda::Graph& graph() { return graph_; }
  const plan::GpuPlan& plan() const { return plan_; }

  void call(std::size_t number) const {
    const Set<T>& set = sets_[number % sets_.size()];
    const ConstMatrixView logits = read(set.logits);
    const MatrixView result = matrix(set.result.data(), case_.rows, case_.classes);
    switch (case_.operation) {
      case Op::cross_entropy:
        return launch(
            gpu::Op::cross_entropy,
            gpu::CrossEntropyArguments{.logits = logits,
                                       .labels = xent::labels(std::as_const(labels_).data(), case_.rows),
                                       .grad = result,
                                       .row_loss = vector(loss_.data(), case_.rows)});
      case Op::softmax:
        return launch(gpu::Op::softmax, gpu::SoftmaxArguments{.logits = logits, .result = result});
      case Op::softmax_backward:
        return launch(
            gpu::Op::softmax_backward,
            gpu::SoftmaxBackwardArguments{.saved = logits, .upstream = read(set.upstream), .grad = result});
    }
  }

  /// After a call: the last row of softmax adds up to 1, that of cross-entropy's gradient to 0.
  void judge() const {
    if (case_.operation == Op::softmax_backward) return;  // the saved "softmax" is any numbers
    const std::vector<T> result = sets_[0].result.download(stream_);
    double sum = 0.0;
    for (std::size_t i = result.size() - static_cast<std::size_t>(case_.classes); i < result.size(); ++i) {
      sum += static_cast<double>(static_cast<float>(result[i]));
    }
    const double expected = case_.operation == Op::softmax ? 1.0 : 0.0;
    if (!(std::abs(sum - expected) < kSumTolerance)) {
      throw std::runtime_error("the last row adds up to " + std::to_string(sum));
    }
  }

 private:
  ConstMatrixView read(const cuda::DeviceArray<T>& m) const {
    return matrix(static_cast<const T*>(m.data()), case_.rows, case_.classes);
  }

  template <class Arguments>
  void launch(gpu::Op op, Arguments arguments) const {
    arguments.tile = plan_.tile;
    gpu::launch(
        gpu::instance(op, case_.dtype, case_.mapping),
        {.grid = plan_.grid, .cluster = plan_.cluster, .shared_bytes = plan_.shared_bytes, .stream = stream_},
        arguments);
  }

  MappedCase case_;
  plan::GpuPlan plan_;
  cuda::Stream stream_;
  cuda::DeviceArray<std::int64_t> labels_;
  cuda::DeviceArray<float> loss_;
  std::vector<Set<T>> sets_{};
  cuda::Graph graph_{};
};

template <class T>
GpuWork typed_work(const MappedCase& c, cuda::Stream stream) {
  const double bytes = static_cast<double>((matrices_read(c.operation) + 1) * c.rows * c.classes) *
                       static_cast<double>(sizeof(T));
  const auto cache = static_cast<double>(cuda::level2_cache_bytes());
  const auto times = [&](double caches, std::int64_t least) {
    return std::min(kMostCalls, std::max(least, static_cast<std::int64_t>(caches * cache / bytes)));
  };
  const std::int64_t sets = times(kCachesOfSets, 2);
  const std::int64_t calls = times(kCachesPerGraph, sets);
  const auto mapped = std::make_shared<MappedWork<T>>(c, sets, stream);
  mapped->call(0);  // loads what is loaded lazily: not while recording
  mapped->judge();
  mapped->graph().record(stream, [all = mapped.get(), calls] {
    for (std::int64_t i = 0; i < calls; ++i) all->call(static_cast<std::size_t>(i));
  });
  return {.launch = [mapped, stream] { mapped->graph().launch(stream); },
          .calls = calls,
          .bytes = bytes,
          .sets = sets,
          .cold = static_cast<double>(sets) * bytes > cache,
          .plan = to_string(mapped->plan())};
}

}  // namespace

std::optional<MappedOperation> mapped_operation_from(const std::string& text) {
  return find(kOperations, text);
}
std::optional<gpu::Mapping> mapping_from(const std::string& text) { return find(kNames, text); }

std::optional<bool> in_bulk_from(const std::string& text) { return find(kFills, text); }

plan::GpuThresholds always(const MappedCase& c) {
  constexpr std::int64_t kAll = std::numeric_limits<std::int64_t>::max();
  const auto if_chosen = [&](gpu::Mapping mapping) { return c.mapping == mapping ? kAll : 0; };
  const plan::MappingThresholds one{.most_columns_few_lanes = if_chosen(gpu::Mapping::few_lanes),
                                    .most_row_bytes_warp = if_chosen(gpu::Mapping::warp),
                                    .most_row_bytes_block = if_chosen(gpu::Mapping::block)};
  return {.f32 = one,
          .f16 = one,
          .bf16 = one,
          .f64 = one,
          .blocks_per_multiprocessor = c.blocks_per_multiprocessor,
          .least_row_bytes_bulk = c.in_bulk ? 0 : plan::kNever};
}

GpuWork make_mapped_work(const MappedCase& c, cuda::Stream stream) {
  return with_type(c.dtype, [&](auto zero) { return typed_work<decltype(zero)>(c, stream); });
}

}  // namespace xent::bench
