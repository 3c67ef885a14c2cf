// Compiled by nvcc and never run: every primitive for every architecture.
#include "tests/simt/primitive_kernels.cuh"

namespace xent::gpu {

template __global__ void group_kernel<float, 2>(const float*, float*, float*, bool);
template __global__ void group_kernel<double, 32>(const double*, double*, double*, bool);
template __global__ void affine_group_kernel<8>(const Affine*, Affine*, Affine*);
template __global__ void shuffle_kernel<std::int64_t>(const std::int64_t*, std::int64_t*, unsigned, unsigned);
template __global__ void block_kernel<float, Maximum>(const float*, float*, float*, float*, Maximum, float);
template __global__ void block_kernel<Affine, Compose>(const Affine*, Affine*, Affine*, Affine*, Compose,
                                                       Affine);
template __global__ void memory_kernel<f16, Cache::normal>(const f16*, f16*, std::int64_t);
template __global__ void memory_kernel<bf16, Cache::stream>(const bf16*, bf16*, std::int64_t);
template __global__ void memory_kernel<float, Cache::read_only>(const float*, float*, std::int64_t);
template __global__ void memory_kernel<double, Cache::stream>(const double*, double*, std::int64_t);
template __global__ void atomic_kernel<std::int32_t>(std::int32_t*, std::int32_t*, std::int32_t*,
                                                     std::int32_t*, std::int32_t*);
template __global__ void atomic_kernel<std::uint64_t>(std::uint64_t*, std::uint64_t*, std::uint64_t*,
                                                      std::uint64_t*, std::uint64_t*);
template __global__ void math_kernel<float>(const float*, float*, int);
template __global__ void math_kernel<double>(const double*, double*, int);

void launch_all(unsigned* out, Stream stream) {
  launch({.grid = 8, .block = 64, .cluster = 4, .stream = stream}, cluster_kernel, out);
  launch({.grid = 1, .block = 64, .shared_bytes = 64U << 10U}, vote_kernel, nullptr, out, ~0U);
  launch({.grid = 1, .block = 64}, block_vote_kernel, nullptr, nullptr);
  launch({.grid = 1, .block = 64}, copy_kernel, nullptr, nullptr, 16);
  launch({.grid = 1, .block = 128}, bulk_kernel, nullptr, nullptr, 1);
  launch({.grid = 2, .block = 64}, last_block_kernel, out, out, out, out);
  if (most_blocks_at_once(grid_kernel, 64, 0) < 8) return;
  launch({.grid = 8, .block = 64, .stream = stream, .cooperative = true}, grid_kernel, out, out, 3);
}

}  // namespace xent::gpu
