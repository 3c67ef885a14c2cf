// Every kernel that ships, to be launched by host code that knows nothing of the device language.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <xent/dtype.hpp>

#include "kernels/binary_cross_entropy/arguments.hpp"
#include "kernels/cross_entropy/arguments.hpp"
#include "kernels/cross_entropy/partial_arguments.hpp"
#include "kernels/divergence/arguments.hpp"
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
  cross_entropy_general,  ///< every option; the two above know none but smoothing
  cross_entropy_general_backward,
  cross_entropy_shard,
  softmax,
  softmax_backward,
  nll,
  nll_backward,
  binary_cross_entropy,
  kl_divergence,
  js_divergence
};
inline constexpr Op kOps[] = {Op::cross_entropy,         Op::cross_entropy_backward,
                              Op::cross_entropy_general, Op::cross_entropy_general_backward,
                              Op::cross_entropy_shard,   Op::softmax,
                              Op::softmax_backward,      Op::nll,
                              Op::nll_backward,          Op::binary_cross_entropy,
                              Op::kl_divergence,         Op::js_divergence};
inline constexpr DType kDTypes[] = {DType::f32, DType::f16, DType::bf16, DType::f64};

constexpr const char* name(Op op) {
  switch (op) {
    case Op::cross_entropy: return "cross_entropy";
    case Op::cross_entropy_backward: return "cross_entropy_backward";
    case Op::cross_entropy_general: return "cross_entropy_general";
    case Op::cross_entropy_general_backward: return "cross_entropy_general_backward";
    case Op::cross_entropy_shard: return "cross_entropy_shard";
    case Op::softmax: return "softmax";
    case Op::softmax_backward: return "softmax_backward";
    case Op::nll: return "nll";
    case Op::nll_backward: return "nll_backward";
    case Op::binary_cross_entropy: return "binary_cross_entropy";
    case Op::kl_divergence: return "kl_divergence";
    case Op::js_divergence: return "js_divergence";
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

// The sums over rows, and partials of rows: one instance each.
inline constexpr int kReductionBlock = 256;
void launch_count_valid_rows(const LaunchShape& shape, const LabelView& labels, bool has_ignore_index,
                             std::int64_t ignore_index, std::int64_t* valid);
void launch_weight_parts(const LaunchShape& shape, const WeightSumArguments& arguments);
void launch_divisor(const LaunchShape& shape, const DivisorArguments& arguments);  ///< a grid of one
void launch_loss_sum(const LaunchShape& shape, const LossSumArguments& arguments);
void launch_merge_partials(const LaunchShape& shape, const MergeArguments& arguments);
void launch_rows_from_partials(const LaunchShape& shape, const RowsFromPartialsArguments& arguments);

}  // namespace xent::gpu
