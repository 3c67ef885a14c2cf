// What a device takes besides moving memory: for launches, for nodes of a graph, for all blocks to meet, and
// for a matrix product.
#pragma once

#include <cstdint>

#include "bench/gpu/work.hpp"

namespace xent::bench {

/// Kernels that do nothing, queued one by one, and as nodes of a graph.
GpuWork launch_cost(cuda::Stream stream);
GpuWork graph_node_cost(cuda::Stream stream);

/// A kernel of so many blocks in which all wait for all, again and again. They must be there at once: no more
/// blocks than multiprocessors, and nobody else on the device.
GpuWork grid_sync_cost(unsigned blocks, cuda::Stream stream);

/// y = x·Wᵀ of square f32 matrices that together are some caches large, as the trainer takes it.
GpuWork gemm_rate(cuda::Stream stream);

}  // namespace xent::bench
