#include "bench/gpu/loss.hpp"
#include "bench/random_logits.hpp"

#include <algorithm>
#include <cmath>
#include <memory>
#include <stdexcept>
#include <utility>
#include <vector>

#include <xent/xent.hpp>

#include "host/cuda/memory.hpp"

namespace xent::bench {
namespace {

using Op = GpuOperation;

constexpr std::pair<const char*, Op> kOperations[] = {{"cross_entropy", Op::cross_entropy},
                                                      {"cross_entropy_in_place", Op::cross_entropy_in_place},
                                                      {"cross_entropy_forward", Op::cross_entropy_forward},
                                                      {"cross_entropy_backward", Op::cross_entropy_backward},
                                                      {"softmax", Op::softmax},
                                                      {"log_softmax", Op::log_softmax},
                                                      {"softmax_backward", Op::softmax_backward},
                                                      {"log_softmax_backward", Op::log_softmax_backward}};

/// Elements that are drawn; a matrix repeats them. Prime, so that rows of any usual length differ.
constexpr std::size_t kDrawn = 4194301;
/// How often the sets of buffers exceed the second-level cache.
constexpr double kCachesOfSets = 3.0;
/// A graph moves that many caches, so that it takes milliseconds and its own launch is not what is measured,
/// but it has no more calls than this.
constexpr double kCachesPerGraph = 250.0;
constexpr std::int64_t kMostCalls = 256;
/// In place each set serves once per graph, since a call replaces its logits: so there are more sets.
constexpr double kCachesInPlace = 32.0;

template <class T>
void fill_randomly(const cuda::DeviceArray<T>& memory, cuda::Stream stream) {
  static const std::vector<T> drawn = [] {
    std::vector<T> values(kDrawn);
    for (std::size_t i = 0; i < kDrawn; ++i) values[i] = T(random_logit(i));
    return values;
  }();
  std::size_t done = std::min(kDrawn, memory.size());
  cuda::copy(memory.data(), drawn.data(), done * sizeof(T), stream);
  while (done < memory.size()) {
    const std::size_t more = std::min(done, memory.size() - done);
    cuda::copy(memory.data() + done, memory.data(), more * sizeof(T), stream);
    done += more;
  }
}

/// Matrices that a call reads and writes.
bool from_saved_result(Op op) { return op == Op::softmax_backward || op == Op::log_softmax_backward; }
int matrices_read(Op op) { return from_saved_result(op) ? 2 : 1; }
int matrices_moved(Op op) { return matrices_read(op) + (op == Op::cross_entropy_forward ? 0 : 1); }

/// The plan that the call will make: host/cuda has the same numbers where it launches.
plan::GpuWork planned_work(const GpuLossCase& c) {
  return {.layout = row_major(c.rows, c.classes),
          .dtype = c.dtype,
          .tiles = matrices_read(c.operation),
          .matrices_read = matrices_read(c.operation),
          .writes_matrix = c.operation != Op::cross_entropy_forward};
}

template <class T>
struct Set {
  cuda::DeviceArray<T> logits;    ///< of softmax's and log-softmax's backward: the saved result
  cuda::DeviceArray<T> upstream;  ///< of these alone
  cuda::DeviceArray<T> result;    ///< unless there is none, or it goes over the logits
  cuda::DeviceArray<std::int64_t> labels;
  cuda::DeviceArray<float> loss;
  cuda::DeviceArray<float> lse;
};

template <class T>
class LossWork {
 public:
  LossWork(const GpuLossCase& loss, std::int64_t sets, cuda::Stream stream)
      : case_(loss), stream_(stream), workspace_(workspace_bytes(loss.rows)) {
    cuda::fill_zero(workspace_.data(), workspace_.bytes(), stream);
    for (std::int64_t i = 0; i < sets; ++i) add_set();
    if (case_.operation == Op::cross_entropy_in_place) {
      pristine_ = cuda::DeviceArray<T>(elements());
      fill_randomly(pristine_, stream);
      flush_ = cuda::DeviceArray<unsigned char>(2 * cuda::level2_cache_bytes());
    }
    cuda::wait(stream);
  }

  cuda::Graph& graph() { return graph_; }

  void call(std::size_t number) {
    Set<T>& set = sets_[number % sets_.size()];
    const ConstMatrixView logits = read(set.logits);
    const LabelView labels = xent::labels(std::as_const(set.labels).data(), case_.rows);
    const VectorView loss = vector(set.loss.data(), 1);
    const LossOptions mean{.reduction = Reduction::mean};
    switch (case_.operation) {
      case Op::cross_entropy:
        return cross_entropy(logits, labels, {.loss = loss, .grad = write(set.result)}, mean, {}, exec());
      case Op::cross_entropy_in_place:
        return cross_entropy(logits, labels, {.loss = loss, .grad = write(set.logits)}, mean, {}, exec());
      case Op::cross_entropy_forward: return cross_entropy(logits, labels, {.loss = loss}, mean, {}, exec());
      case Op::cross_entropy_backward:
        return cross_entropy_backward(logits, labels, lse(set), write(set.result), mean, {}, exec());
      case Op::softmax: return softmax(logits, write(set.result), exec());
      case Op::log_softmax: return log_softmax(logits, write(set.result), exec());
      case Op::softmax_backward:
        return softmax_backward(logits, read(set.upstream), write(set.result), exec());
      case Op::log_softmax_backward:
        return log_softmax_backward(logits, read(set.upstream), write(set.result), exec());
    }
  }

  /// In place: gives all sets their logits back, and then sweeps these out of the cache.
  void restore() {
    for (const Set<T>& set : sets_)
      cuda::copy(set.logits.data(), pristine_.data(), pristine_.bytes(), stream_);
    cuda::fill_zero(flush_.data(), flush_.bytes(), stream_);
  }

  /// After calls; throws if what they did cannot have been the work.
  void judge() {
    check(exec());
    if (case_.operation != Op::cross_entropy && case_.operation != Op::cross_entropy_in_place &&
        case_.operation != Op::cross_entropy_forward) {
      return;
    }
    const float loss = sets_[0].loss.download(stream_)[0];
    // Logits of deviation 2 and labels at random: about log(classes) + 2.
    const double expected = std::log(static_cast<double>(case_.classes)) + 2.0;
    if (!(std::abs(loss - expected) < 3.0)) {
      throw std::runtime_error("the loss is " + std::to_string(loss) + ", about " + std::to_string(expected) +
                               " was expected");
    }
  }

 private:
  std::size_t elements() const { return static_cast<std::size_t>(case_.rows * case_.classes); }
  Exec exec() const {
    return {.device = Device::cuda, .stream = stream_, .workspace = {workspace_.data(), workspace_.bytes()}};
  }
  ConstMatrixView read(const cuda::DeviceArray<T>& m) const {
    return matrix(static_cast<const T*>(m.data()), case_.rows, case_.classes);
  }
  MatrixView write(const cuda::DeviceArray<T>& m) const {
    return matrix(m.data(), case_.rows, case_.classes);
  }
  ConstVectorView lse(const Set<T>& set) const {
    return vector(static_cast<const float*>(set.lse.data()), case_.rows);
  }

  void add_set() {
    const auto rows = static_cast<std::size_t>(case_.rows);
    const Op op = case_.operation;
    const bool result = op != Op::cross_entropy_forward && op != Op::cross_entropy_in_place;
    sets_.push_back({.logits = cuda::DeviceArray<T>(elements()),
                     .upstream = cuda::DeviceArray<T>(from_saved_result(op) ? elements() : 0),
                     .result = cuda::DeviceArray<T>(result ? elements() : 0),
                     .labels = cuda::DeviceArray<std::int64_t>(rows),
                     .loss = cuda::DeviceArray<float>(1),
                     .lse = cuda::DeviceArray<float>(op == Op::cross_entropy_backward ? rows : 0)});
    Set<T>& set = sets_.back();
    fill_randomly(set.logits, stream_);
    std::vector<std::int64_t> labels(rows);
    for (std::size_t r = 0; r < rows; ++r) {
      labels[r] = static_cast<std::int64_t>(random_word(~r) % static_cast<std::uint64_t>(case_.classes));
    }
    set.labels.upload(labels, stream_);
    cuda::wait(stream_);
    if (op == Op::cross_entropy_backward) {
      cross_entropy(read(set.logits), xent::labels(std::as_const(set.labels).data(), case_.rows),
                    {.lse = vector(set.lse.data(), case_.rows)}, {}, {}, exec());
    } else if (from_saved_result(op)) {
      fill_randomly(set.upstream, stream_);
      const auto forward = op == Op::softmax_backward ? softmax : log_softmax;
      forward(read(set.logits), write(set.logits), exec());
    }
  }

  GpuLossCase case_;
  cuda::Stream stream_;
  cuda::DeviceArray<unsigned char> workspace_;
  std::vector<Set<T>> sets_{};
  cuda::DeviceArray<T> pristine_{};
  cuda::DeviceArray<unsigned char> flush_{};
  cuda::Graph graph_{};
};

/// How many calls are launched together, on how many sets of buffers.
struct Sizes {
  std::int64_t sets = 1;
  std::int64_t calls = 1;
  bool cold = true;
};

Sizes sizes_of(const GpuLossCase& c, double call_bytes) {
  const auto cache = static_cast<double>(cuda::level2_cache_bytes());
  const bool in_place = c.operation == Op::cross_entropy_in_place;
  Sizes sizes{.sets = static_cast<std::int64_t>(kCachesOfSets * cache / call_bytes) + 2};
  if (sizes.sets > kMostCalls) sizes = {.sets = in_place ? kMostCalls : 1, .cold = false};
  if (in_place && sizes.cold) {
    sizes.sets =
        std::clamp(static_cast<std::int64_t>(kCachesInPlace * cache / call_bytes), sizes.sets, kMostCalls);
  }
  sizes.calls = sizes.sets;
  if (!in_place) {
    const double rounds = kCachesPerGraph * cache / (call_bytes * static_cast<double>(sizes.sets));
    const double most = static_cast<double>(kMostCalls) / static_cast<double>(sizes.sets);
    sizes.calls *= std::max<std::int64_t>(1, static_cast<std::int64_t>(std::min(rounds, most)));
  }
  if (c.mode == Mode::call) sizes.calls = 1;
  return sizes;
}

template <class T>
GpuWork typed_work(const GpuLossCase& c, cuda::Stream stream) {
  const double bytes =
      static_cast<double>(matrices_moved(c.operation) * c.rows * c.classes) * static_cast<double>(sizeof(T));
  const Sizes sizes = sizes_of(c, bytes);
  const auto loss = std::make_shared<LossWork<T>>(c, sizes.sets, stream);
  // Not the owner: what is recorded may be kept by the graph, which is in what would be owned.
  const auto all_calls = [all = loss.get(), calls = static_cast<std::size_t>(sizes.calls)] {
    for (std::size_t i = 0; i < calls; ++i) all->call(i);
  };
  GpuWork work{.calls = sizes.calls,
               .bytes = bytes,
               .sets = sizes.sets,
               .cold = sizes.cold,
               .timed_by_host = c.mode == Mode::call,
               .plan = to_string(plan::plan_gpu(planned_work(c), cuda::device_properties()))};
  if (c.operation == Op::cross_entropy_in_place) work.before = [loss] { loss->restore(); };
  if (work.before) work.before();
  loss->call(0);  // loads what is loaded lazily: not while recording
  loss->judge();
  switch (c.mode) {
    case Mode::graph:
      loss->graph().record(stream, all_calls);
      work.launch = [loss, stream] { loss->graph().launch(stream); };
      break;
    case Mode::stream: work.launch = [loss, all_calls] { all_calls(); }; break;
    case Mode::call:
      work.launch = [loss, stream] {
        loss->call(0);
        cuda::wait(stream);
      };
      break;
  }
  return work;
}

}  // namespace

std::optional<GpuOperation> gpu_operation_from(const std::string& text) {
  for (const auto& [name, operation] : kOperations) {
    if (text == name) return operation;
  }
  return {};
}

std::optional<DType> gpu_dtype_from(const std::string& text) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16}) {
    if (text == name(dtype)) return dtype;
  }
  return {};
}

GpuWork make_gpu_work(const GpuLossCase& loss, cuda::Stream stream) {
  switch (loss.dtype) {
    case DType::f16: return typed_work<f16>(loss, stream);
    case DType::bf16: return typed_work<bf16>(loss, stream);
    case DType::f32: break;
    case DType::f64: throw std::runtime_error("f64 is not measured here");
  }
  return typed_work<float>(loss, stream);
}

}  // namespace xent::bench
