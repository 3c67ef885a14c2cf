// Launching a kernel, host side: launch({.grid = 8, .block = 256}, my_kernel<float>, arguments…).
#pragma once

#include <string>
#include <tuple>
#include <utility>

#include <xent/error.hpp>

#include "kernels/primitives/portable.cuh"

namespace xent::gpu {

#ifdef __CUDACC__

using Stream = cudaStream_t;

/// The runtime refused the launch. What goes wrong while the kernel runs shows at a later call.
using LaunchError = CudaError;

#else

using Stream = void*;

/// Both what a launch refuses and what the emulation found in the kernel: it has run when launch returns.
using LaunchError = simt::Error;

#endif

struct LaunchConfig {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;  ///< dynamic; beyond 48 KiB it is opted into
  dim3 cluster = 1;              ///< in blocks; divides the grid; more than 1 wants sm_90
  Stream stream = nullptr;
};

/// Arguments are converted to the kernel's parameters and copied, as in a call. Throws LaunchError.
template <class... Parameters, class... Arguments>
void launch(const LaunchConfig& config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "one argument for each parameter");
#ifdef __CUDACC__
  const auto check = [](cudaError_t code, const char* call) {
    if (code == cudaSuccess) return;
    throw LaunchError(std::string(call) + ": " + cudaGetErrorString(code), static_cast<int>(code));
  };
  const unsigned cluster_size = config.cluster.x * config.cluster.y * config.cluster.z;
  if (config.shared_bytes > (48U << 10U)) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(config.shared_bytes)),
          "dynamic shared memory");
  }
  if (cluster_size > 8) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1), "cluster size");
  }
  cudaLaunchAttribute cluster{};
  cluster.id = cudaLaunchAttributeClusterDimension;
  cluster.val.clusterDim = {config.cluster.x, config.cluster.y, config.cluster.z};
  cudaLaunchConfig_t native{};
  native.gridDim = config.grid;
  native.blockDim = config.block;
  native.dynamicSmemBytes = config.shared_bytes;
  native.stream = config.stream;
  native.attrs = &cluster;
  native.numAttrs = cluster_size > 1 ? 1 : 0;
  check(cudaLaunchKernelEx(&native, kernel, static_cast<Parameters>(std::forward<Arguments>(arguments))...),
        "kernel launch");
#else
  const std::tuple<Parameters...> values(static_cast<Parameters>(std::forward<Arguments>(arguments))...);
  simt::launch({config.grid, config.block, config.shared_bytes, config.cluster},
               [&] { std::apply([&](const auto&... value) { kernel(value...); }, values); });
#endif
}

/// Whether the current device can run the kernel: it was compiled for it, or can be.
template <class... Parameters>
bool can_run([[maybe_unused]] void (*kernel)(Parameters...)) {
#ifdef __CUDACC__
  cudaFuncAttributes attributes{};
  return cudaFuncGetAttributes(&attributes, kernel) == cudaSuccess;
#else
  return true;
#endif
}

}  // namespace xent::gpu
