#include "bench/loss.hpp"

#include <algorithm>
#include <memory>
#include <vector>

#include <unistd.h>

#include <xent/parallel.hpp>

#include "bench/loss_buffers.hpp"

namespace xent::bench {
namespace {

constexpr Operation kOperations[] = {Operation::cross_entropy,
                                     Operation::cross_entropy_in_place,
                                     Operation::cross_entropy_forward,
                                     Operation::cross_entropy_backward,
                                     Operation::softmax,
                                     Operation::log_softmax,
                                     Operation::softmax_backward,
                                     Operation::log_softmax_backward,
                                     Operation::nll,
                                     Operation::nll_backward};

/// How often a matrix is read or written.
int passes(Operation operation) {
  switch (operation) {
    case Operation::cross_entropy_forward:
    case Operation::nll_backward: return 1;
    case Operation::nll: return 0;
    case Operation::softmax_backward:
    case Operation::log_softmax_backward: return 3;
    default: return 2;
  }
}

/// An element of a row comes with those around it.
constexpr std::size_t kCacheLine = 64;

/// Bytes of labels, losses and the like of one row, those of a single number being `number`.
std::size_t bytes_of_a_row(const LossCase& c, std::size_t number) {
  const std::size_t row_of_matrix = static_cast<std::size_t>(c.classes) * size_of(c.dtype);
  const auto labels = sizeof(std::int64_t);
  const std::size_t per_row = c.reduction == Reduction::none ? number : 0;  // a loss, or an upstream value
  switch (c.operation) {
    case Operation::cross_entropy:
    case Operation::cross_entropy_in_place: return labels + 2 * per_row;
    case Operation::nll: return labels + per_row + std::min(kCacheLine, row_of_matrix);
    case Operation::cross_entropy_forward:
    case Operation::nll_backward: return labels + per_row;
    case Operation::cross_entropy_backward: return labels + number + per_row;
    default: return 0;
  }
}

template <class T>
Workload typed_workload(const LossCase& c, int threads) {
  const double matrix_bytes = static_cast<double>(c.rows * c.classes) * sizeof(T);
  const int matrices = passes(c.operation);
  const int held = writes_matrix(c.operation) ? std::max(2, matrices) : 1;
  const std::int64_t sets = buffer_sets(held * matrix_bytes, threads);
  const Exec exec{.device = c.device, .threads = threads};

  auto buffers = std::make_shared<std::vector<LossBuffers<T>>>();
  for (std::int64_t i = 0; i < sets; ++i) buffers->emplace_back(c, threads, static_cast<std::uint64_t>(i));
  const std::size_t row = bytes_of_a_row(c, sizeof(typename LossBuffers<T>::Number));
  return {.call =
              [=, next = std::size_t{0}]() mutable {
                call(c, (*buffers)[next], exec);
                next = (next + 1) % buffers->size();
              },
          .bytes = matrices * matrix_bytes,
          .row_bytes = static_cast<double>(c.rows) * static_cast<double>(row),
          .sets = sets};
}

}  // namespace

const char* name(Operation operation) {
  switch (operation) {
    case Operation::cross_entropy: return "cross_entropy";
    case Operation::cross_entropy_in_place: return "cross_entropy_in_place";
    case Operation::cross_entropy_forward: return "cross_entropy_forward";
    case Operation::cross_entropy_backward: return "cross_entropy_backward";
    case Operation::softmax: return "softmax";
    case Operation::log_softmax: return "log_softmax";
    case Operation::softmax_backward: return "softmax_backward";
    case Operation::log_softmax_backward: return "log_softmax_backward";
    case Operation::nll: return "nll";
    case Operation::nll_backward: return "nll_backward";
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

std::optional<Device> device_from(const std::string& text) {
  for (const Device device : {Device::cpu, Device::reference}) {
    if (text == xent::name(device)) return device;
  }
  return {};
}

std::int64_t buffer_sets(double bytes_per_set, int threads) {
  const auto cache = [](int level, double otherwise) {
    const long size = sysconf(level);
    return size > 0 ? static_cast<double>(size) : otherwise;
  };
  const double second_level = cache(_SC_LEVEL2_CACHE_SIZE, 1 << 20) * thread_count(threads);
  const double last_level = cache(_SC_LEVEL3_CACHE_SIZE, 64 << 20);
  if (bytes_per_set <= second_level || bytes_per_set >= 8 * last_level) return 1;
  return static_cast<std::int64_t>(2 * last_level / bytes_per_set) + 2;
}

Workload make_workload(const LossCase& loss, int threads) {
  return with_type(loss.dtype, [&](auto zero) { return typed_workload<decltype(zero)>(loss, threads); });
}

}  // namespace xent::bench
