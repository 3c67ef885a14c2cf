// Launching a kernel, host side: launch({.grid = 8, .block = 256}, my_kernel<float>, arguments…).
#pragma once

#include <mutex>
#include <set>
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

inline void check_launch(cudaError_t code, const char* call) {
  if (code == cudaSuccess) return;
  static_cast<void>(cudaGetLastError());  // ours to report, not a later caller's to find
  throw LaunchError(std::string(call) + ": " + cudaGetErrorString(code), static_cast<int>(code));
}

/// Beyond 48 KiB, static and dynamic together, shared memory has to be asked for. The wish belongs to the
/// kernel and not to the launch: one that followed each launch's size could be lowered by another thread
/// before this one launches. So it is made once per kernel and device, for all there is.
inline void ask_for_shared_memory(const void* kernel) {
  static std::mutex mutex;
  static std::set<std::pair<int, const void*>> asked;
  int device = 0;
  check_launch(cudaGetDevice(&device), "current device");
  const std::lock_guard lock(mutex);
  if (asked.contains({device, kernel})) return;
  cudaFuncAttributes attributes{};
  check_launch(cudaFuncGetAttributes(&attributes, kernel), "kernel attributes");
  int most = 0;
  check_launch(cudaDeviceGetAttribute(&most, cudaDevAttrMaxSharedMemoryPerBlockOptin, device),
               "device attribute");
  check_launch(cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                    most - static_cast<int>(attributes.sharedSizeBytes)),
               "dynamic shared memory");
  asked.emplace(device, kernel);
}

/// Less than what is there unasked, by more than any kernel has in static memory.
inline constexpr std::size_t kUnaskedSharedBytes = 32U << 10U;

#else

using Stream = void*;

/// Both what a launch refuses and what the emulation found in the kernel: it has run when launch returns.
using LaunchError = simt::Error;

#endif

struct LaunchConfig {
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;  ///< dynamic; what the device has, but for the kernel's static memory
  dim3 cluster = 1;              ///< in blocks; divides the grid; more than 1 wants sm_90
  Stream stream = nullptr;
  bool cooperative = false;  ///< all blocks run at once, so that they may wait for one another (grid.cuh)
};

/// Arguments are converted to the kernel's parameters and copied, as in a call. Throws LaunchError.
template <class... Parameters, class... Arguments>
void launch(const LaunchConfig& config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  static_assert(sizeof...(Parameters) == sizeof...(Arguments), "one argument for each parameter");
#ifdef __CUDACC__
  const unsigned cluster_size = config.cluster.x * config.cluster.y * config.cluster.z;
  if (config.shared_bytes > kUnaskedSharedBytes) ask_for_shared_memory(reinterpret_cast<const void*>(kernel));
  if (cluster_size > 8) {
    check_launch(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1),
                 "cluster size");
  }
  cudaLaunchAttribute wishes[2]{};
  unsigned wished = 0;
  if (cluster_size > 1) {
    wishes[wished].id = cudaLaunchAttributeClusterDimension;
    wishes[wished++].val.clusterDim = {config.cluster.x, config.cluster.y, config.cluster.z};
  }
  if (config.cooperative) {
    wishes[wished].id = cudaLaunchAttributeCooperative;
    wishes[wished++].val.cooperative = 1;
  }
  cudaLaunchConfig_t native{};
  native.gridDim = config.grid;
  native.blockDim = config.block;
  native.dynamicSmemBytes = config.shared_bytes;
  native.stream = config.stream;
  native.attrs = wishes;
  native.numAttrs = wished;
  check_launch(
      cudaLaunchKernelEx(&native, kernel, static_cast<Parameters>(std::forward<Arguments>(arguments))...),
      "kernel launch");
#else
  const std::tuple<Parameters...> values(static_cast<Parameters>(std::forward<Arguments>(arguments))...);
  simt::launch({config.grid, config.block, config.shared_bytes, config.cluster, config.cooperative},
               [&] { std::apply([&](const auto&... value) { kernel(value...); }, values); });
#endif
}

/// Blocks of a cooperative launch that the current device runs at once, 0 where it has no such launches; a
/// grid of more is refused.
template <class... Parameters>
unsigned most_blocks_at_once([[maybe_unused]] void (*kernel)(Parameters...), [[maybe_unused]] unsigned block,
                             [[maybe_unused]] std::size_t shared_bytes) {
#ifdef __CUDACC__
  if (shared_bytes > kUnaskedSharedBytes) ask_for_shared_memory(reinterpret_cast<const void*>(kernel));
  int device = 0;
  check_launch(cudaGetDevice(&device), "current device");
  int cooperative = 0;
  check_launch(cudaDeviceGetAttribute(&cooperative, cudaDevAttrCooperativeLaunch, device),
               "device attribute");
  if (cooperative == 0) return 0;
  int multiprocessors = 0;
  check_launch(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device),
               "device attribute");
  int each = 0;
  check_launch(
      cudaOccupancyMaxActiveBlocksPerMultiprocessor(&each, kernel, static_cast<int>(block), shared_bytes),
      "occupancy");
  return static_cast<unsigned>(each) * static_cast<unsigned>(multiprocessors);
#else
  return simt::kMaxCooperativeBlocks;
#endif
}

/// Whether the current device can run the kernel: it was compiled for it, or can be. Throws LaunchError if
/// the device cannot be asked.
template <class... Parameters>
bool can_run([[maybe_unused]] void (*kernel)(Parameters...)) {
#ifdef __CUDACC__
  cudaFuncAttributes attributes{};
  const cudaError_t code = cudaFuncGetAttributes(&attributes, kernel);
  if (code == cudaErrorNoKernelImageForDevice || code == cudaErrorInvalidDeviceFunction ||
      code == cudaErrorUnsupportedPtxVersion) {
    static_cast<void>(cudaGetLastError());
    return false;
  }
  check_launch(code, "kernel attributes");
#endif
  return true;
}

}  // namespace xent::gpu
