// The trainer's kernels, to be launched by host code that knows nothing of the device language. Where nothing
// else is said a grid of any size does the whole work. All throw LaunchError.
#pragma once

#include <cstddef>
#include <cstdint>

#include "kernels/instances/table.hpp"
#include "kernels/mlp/arguments.hpp"
#include "kernels/mlp/gemm_tile.hpp"
#include "kernels/mlp/random.hpp"
#include "kernels/resident/arguments.hpp"

namespace xent::gpu {

inline constexpr int kMlpBlock = 256;        ///< threads
inline constexpr int kColumnsPerBlock = 32;  ///< of column sums

void launch_gather(const LaunchShape& shape, const GatherArguments& arguments);
void launch_normalise(const LaunchShape& shape, const std::uint8_t* pixels, std::int64_t size, float* x);
void launch_dropout(const LaunchShape& shape, const DropoutArguments& arguments);
void launch_relu_backward(const LaunchShape& shape, const ReluBackwardArguments& arguments);
void launch_optimizer(const LaunchShape& shape, bool adaptive, const OptimizerArguments& arguments);

/// A block for every kColumnsPerBlock columns.
void launch_column_sums(const LaunchShape& shape, const ColumnSumArguments& arguments);

/// Which factors are stored as their transposes: neither for x-gradients, b for y = x·Wᵀ, a for W-gradients.
enum class GemmLayout : std::uint8_t { plain, transposed_b, transposed_a };
/// A block for every tile of c: gemm_tiles(rows) · gemm_tiles(cols).
void launch_gemm(const LaunchShape& shape, GemmLayout layout, const GemmArguments& arguments);

/// A grid of one.
void launch_end_step(const LaunchShape& shape, const StepTable& steps, const double* loss,
                     const std::int64_t* correct);

/// A run of steps of a network with one hidden layer: shape.blocks() blocks at once, each with shape.bytes().
/// LaunchError where they find no room together, which resident_blocks() tells before.
void launch_resident_steps(void* stream, bool adaptive, const ResidentArguments& arguments);
/// Of that kernel, on the current device.
unsigned resident_blocks(bool adaptive, std::size_t shared_bytes);

/// The order of an epoch, that of mlp::permutation. Scratch is for one sort at a time.
struct ShuffleMemory {
  std::uint64_t* keys = nullptr;  ///< twice the count
  std::uint32_t* samples = nullptr;
  void* scratch = nullptr;
  std::size_t scratch_bytes = 0;
};
/// On the current device.
std::size_t shuffle_scratch_bytes(std::int64_t count);
void launch_shuffle(const LaunchShape& shape, const mlp::RandomStream& stream, std::int64_t count,
                    const ShuffleMemory& memory, std::uint32_t* order);

}  // namespace xent::gpu
