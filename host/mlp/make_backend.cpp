// From the device asked for to the backend that serves it.
#include <xent/device.hpp>
#include <xent/error.hpp>

#include "host/mlp/backend.hpp"
#include "host/mlp/cpu_backend.hpp"
#include "host/mlp/cuda/make_cuda_backend.hpp"
#include "host/mlp/reference_backend.hpp"
#include "host/mlp/slab_backend.hpp"

namespace xent::mlp {

std::unique_ptr<HostBackend> make_cpu_backend(const Recipe& recipe, const data::Dataset& train, int threads) {
  if (SlabBackend::serves(recipe)) return std::make_unique<SlabBackend>(recipe, train, threads);
  return std::make_unique<CpuBackend>(recipe, train, threads);
}

std::unique_ptr<Backend> make_backend(const Recipe& recipe, const data::Dataset& train, const Exec& exec,
                                      StepPath path) {
  if (path != StepPath::automatic && exec.device != Device::cuda) {
    throw InvalidArgument(std::string("trainer: path is ") + name(path) + ", must be auto on device " +
                          name(exec.device));
  }
  if (const std::string why = unavailable(exec.device); !why.empty()) {
    throw Unsupported(std::string("trainer: device is ") + name(exec.device) +
                      ", which cannot be used: " + why);
  }
  switch (exec.device) {
    case Device::cpu: return make_cpu_backend(recipe, train, exec.threads);
    case Device::reference: return std::make_unique<ReferenceBackend>(recipe, train);
    case Device::cuda: return make_cuda_backend(recipe, train, path);
  }
  throw Unsupported("trainer: device is none that this build knows");
}

}  // namespace xent::mlp
