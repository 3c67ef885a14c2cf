#include "bench/loss.hpp"
#include "bench/random_logits.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <unistd.h>

#include <xent/cross_entropy.hpp>
#include <xent/parallel.hpp>
#include <xent/softmax.hpp>

namespace xent::bench {
namespace {

constexpr Operation kOperations[] = {Operation::cross_entropy, Operation::cross_entropy_forward,
                                     Operation::cross_entropy_backward, Operation::softmax,
                                     Operation::log_softmax};

/// One set of buffers and the views of them.
template <class T>
struct LossBuffers {
  Buffer<T> logits;
  Buffer<T> result;
  Buffer<std::int64_t> labels;
  Buffer<float> loss;
  Buffer<float> lse;
  Buffer<float> upstream;

  LossBuffers(const LossCase& c, int threads, std::uint64_t seed)
      : logits(c.rows * c.classes),
        result(c.rows * c.classes),
        labels(c.rows),
        loss(c.rows),
        lse(c.rows),
        upstream(c.rows) {
    parallel_for(c.rows, threads, [&](std::int64_t row) {
      const auto first = (seed << 40U) + static_cast<std::uint64_t>(row * c.classes);
      for (std::int64_t i = 0; i < c.classes; ++i) {
        logits.data()[row * c.classes + i] = T(random_logit(first + static_cast<std::uint64_t>(i)));
        result.data()[row * c.classes + i] = T(0.0F);
      }
      labels.data()[row] =
          static_cast<std::int64_t>(random_word(~first) % static_cast<std::uint64_t>(c.classes));
      upstream.data()[row] = random_logit(~first);
    });
  }
};

template <class T>
void call(const LossCase& c, LossBuffers<T>& b, const Exec& exec) {
  const auto logits = matrix(static_cast<const T*>(b.logits.data()), c.rows, c.classes);
  const auto result = matrix(b.result.data(), c.rows, c.classes);
  const LabelView labels = xent::labels(b.labels.data(), c.rows);
  const bool per_row = c.reduction == Reduction::none;
  const VectorView loss = vector(b.loss.data(), per_row ? c.rows : 1);
  const LossOptions options{.reduction = c.reduction};
  Upstream upstream;
  if (per_row) upstream.values = vector(b.upstream.data(), c.rows);
  switch (c.operation) {
    case Operation::cross_entropy:
      return cross_entropy(logits, labels, {.loss = loss, .grad = result}, options, upstream, exec);
    case Operation::cross_entropy_forward:
      return cross_entropy(logits, labels, {.loss = loss}, options, {}, exec);
    case Operation::cross_entropy_backward:
      return cross_entropy_backward(logits, labels, vector(b.lse.data(), c.rows), result, options, upstream,
                                    exec);
    case Operation::softmax: return softmax(logits, result, exec);
    case Operation::log_softmax: return log_softmax(logits, result, exec);
  }
}

template <class T>
Workload typed_workload(const LossCase& c, int threads) {
  const double matrix_bytes = static_cast<double>(c.rows * c.classes) * sizeof(T);
  const bool writes = c.operation != Operation::cross_entropy_forward;
  const std::int64_t sets = buffer_sets(2 * matrix_bytes, threads);
  const Exec exec{.threads = threads};

  auto buffers = std::make_shared<std::vector<LossBuffers<T>>>();
  for (std::int64_t i = 0; i < sets; ++i) {
    LossBuffers<T>& set = buffers->emplace_back(c, threads, static_cast<std::uint64_t>(i));
    cross_entropy(matrix(static_cast<const T*>(set.logits.data()), c.rows, c.classes),
                  labels(set.labels.data(), c.rows), {.lse = vector(set.lse.data(), c.rows)}, {}, {}, exec);
  }
  return {.call =
              [=, next = std::size_t{0}]() mutable {
                call(c, (*buffers)[next], exec);
                next = (next + 1) % buffers->size();
              },
          .bytes = writes ? 2 * matrix_bytes : matrix_bytes,
          .sets = sets};
}

}  // namespace

const char* name(Operation operation) {
  switch (operation) {
    case Operation::cross_entropy: return "cross_entropy";
    case Operation::cross_entropy_forward: return "cross_entropy_forward";
    case Operation::cross_entropy_backward: return "cross_entropy_backward";
    case Operation::softmax: return "softmax";
    case Operation::log_softmax: return "log_softmax";
  }
  return "invalid";
}

std::optional<Operation> operation_from(const std::string& text) {
  for (const Operation operation : kOperations) {
    if (text == name(operation)) return operation;
  }
  return {};
}

std::optional<DType> dtype_from(const std::string& text) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16, DType::f64}) {
    if (text == xent::name(dtype)) return dtype;
  }
  return {};
}

std::optional<Reduction> reduction_from(const std::string& text) {
  if (text == "none") return Reduction::none;
  if (text == "sum") return Reduction::sum;
  if (text == "mean") return Reduction::mean;
  return {};
}

std::int64_t buffer_sets(double bytes_per_set, int threads) {
  const auto cache = [](int level, double otherwise) {
    const long size = sysconf(level);
    return size > 0 ? static_cast<double>(size) : otherwise;
  };
  const double second_level = cache(_SC_LEVEL2_CACHE_SIZE, 1 << 20) * thread_count(threads);
  const double last_level = cache(_SC_LEVEL3_CACHE_SIZE, 64 << 20);
  if (bytes_per_set <= second_level) return 1;
  return static_cast<std::int64_t>(2 * last_level / bytes_per_set) + 2;
}

Workload make_workload(const LossCase& loss, int threads) {
  switch (loss.dtype) {
    case DType::f32: return typed_workload<float>(loss, threads);
    case DType::f16: return typed_workload<f16>(loss, threads);
    case DType::bf16: return typed_workload<bf16>(loss, threads);
    case DType::f64: break;
  }
  return typed_workload<double>(loss, threads);
}

}  // namespace xent::bench
