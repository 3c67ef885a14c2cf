// The library's functions on logits in device memory.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include <xent/dtype.hpp>

#include "bench/gpu/work.hpp"

namespace xent::bench {

enum class GpuOperation : std::uint8_t {
  cross_entropy,           ///< loss and gradient in one call, the gradient in memory of its own
  cross_entropy_in_place,  ///< the same, the gradient over the logits
  cross_entropy_forward,   ///< loss
  cross_entropy_backward,  ///< gradient from a saved lse
  softmax,
  log_softmax,
  softmax_backward,
  log_softmax_backward,
};

struct GpuLossCase {
  GpuOperation operation = GpuOperation::cross_entropy;
  DType dtype = DType::f32;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  Mode mode = Mode::graph;
};

/// "cross_entropy", "bf16" and so on; empty for anything else, f64 included.
std::optional<GpuOperation> gpu_operation_from(const std::string& text);
std::optional<DType> gpu_dtype_from(const std::string& text);

/// Labels are i64, as PyTorch wants them; the mean is taken. Throws OutOfMemory where the device is too
/// small, and std::runtime_error if the loss comes out as no number: then a time would mean nothing.
GpuWork make_gpu_work(const GpuLossCase& loss, cuda::Stream stream);

}  // namespace xent::bench
