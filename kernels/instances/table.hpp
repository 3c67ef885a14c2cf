// Every kernel that ships, to be launched by host code that knows nothing of the device language.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <xent/dtype.hpp>

#include "kernels/cross_entropy/arguments.hpp"
#include "kernels/reduction/arguments.hpp"
#include "kernels/shapes/mappings.hpp"
#include "kernels/softmax/arguments.hpp"

namespace xent::gpu {

/// A launch without the runtime's types.
struct LaunchShape {
  unsigned grid = 1;
  unsigned cluster = 1;  ///< blocks; divides the grid
  std::size_t shared_bytes = 0;
  void* stream = nullptr;
};

enum class Op : std::uint8_t {
  cross_entropy,
  cross_entropy_backward,
  softmax,
  softmax_backward,
  nll,
  nll_backward
};
inline constexpr Op kOps[] = {Op::cross_entropy, Op::cross_entropy_backward,
                              Op::softmax,       Op::softmax_backward,
                              Op::nll,           Op::nll_backward};
inline constexpr DType kDTypes[] = {DType::f32, DType::f16, DType::bf16, DType::f64};

constexpr const char* name(Op op) {
  switch (op) {
    case Op::cross_entropy: return "cross_entropy";
    case Op::cross_entropy_backward: return "cross_entropy_backward";
    case Op::softmax: return "softmax";
    case Op::softmax_backward: return "softmax_backward";
    case Op::nll: return "nll";
    case Op::nll_backward: return "nll_backward";
  }
  return "invalid";
}

/// A kernel of the row families.
struct Instance {
  Op op;
  DType dtype;
  Mapping mapping;
  /// Throws LaunchError.
  void (*launch)(const LaunchShape& shape, const void* arguments);
  mutable std::atomic<std::uint64_t> launches{0};  ///< so that a test can tell what never ran
};

std::span<const Instance> instances(Op op, DType dtype);

/// Throws std::logic_error if there is none: then a plan chose what was not compiled.
const Instance& instance(Op op, DType dtype, Mapping mapping);

/// The arguments are those of the op: nothing checks it.
template <class Arguments>
void launch(const Instance& instance, const LaunchShape& shape, const Arguments& arguments) {
  instance.launches.fetch_add(1, std::memory_order_relaxed);
  instance.launch(shape, &arguments);
}

/// Whether the current device can run the kernels.
bool runs_here();

// The sums over rows: one instance each.
inline constexpr int kReductionBlock = 256;
void launch_count_valid_rows(const LaunchShape& shape, const LabelView& labels, bool has_ignore_index,
                             std::int64_t ignore_index, std::int64_t* valid);
void launch_loss_parts(const LaunchShape& shape, const double* row_loss, std::int64_t rows, double* parts);
void launch_loss_sum(const LaunchShape& shape, const LossSumArguments& arguments);

}  // namespace xent::gpu
