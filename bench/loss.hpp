// The library's functions on random logits: what is measured, and on how much memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <xent/dtype.hpp>
#include <xent/exec.hpp>
#include <xent/options.hpp>

#include "bench/workload.hpp"

namespace xent::bench {

enum class Operation : std::uint8_t {
  cross_entropy,           ///< loss and gradient in one call
  cross_entropy_in_place,  ///< the same, the gradient over the logits: a call goes on from the one before
  cross_entropy_forward,   ///< loss
  cross_entropy_backward,  ///< gradient from a saved lse
  softmax,
  log_softmax,
  softmax_backward,      ///< from saved probabilities
  log_softmax_backward,  ///< from saved log-probabilities
  nll,                   ///< one element of each row
  nll_backward,
};

const char* name(Operation operation);

struct LossCase {
  Operation operation = Operation::cross_entropy;
  DType dtype = DType::f32;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  Reduction reduction = Reduction::mean;  ///< with none, each row has an upstream gradient of its own
  Device device = Device::cpu;            ///< or the reference
};

/// "cross_entropy", "f32", "mean" and so on; empty for anything else.
std::optional<Operation> operation_from(const std::string& text);
std::optional<DType> dtype_from(const std::string& text);
std::optional<Reduction> reduction_from(const std::string& text);
std::optional<Device> device_from(const std::string& text);

/// Sets of buffers that are used in turn. Where one set (logits and result) fits the second-level caches of
/// the threads, as a small loss does right after the layer before it, there is one. Otherwise there are
/// enough for twice the last-level cache, so that every call finds its logits in memory; one alone where it
/// is many times that cache.
std::int64_t buffer_sets(double bytes_per_set, int threads);

/// Labels are i64, as PyTorch wants them. The result goes to memory allocated beforehand.
Workload make_workload(const LossCase& loss, int threads);

}  // namespace xent::bench
