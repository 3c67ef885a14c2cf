// From the device asked for to the backend that serves it.
#include <xent/error.hpp>

#include "host/mlp/backend.hpp"
#include "host/mlp/cpu_backend.hpp"
#include "host/mlp/reference_backend.hpp"

namespace xent::mlp {

std::unique_ptr<Backend> make_backend(const Recipe& recipe, const data::Dataset& train, const Exec& exec) {
  switch (exec.device) {
    case Device::cpu: return std::make_unique<CpuBackend>(recipe, train, exec.threads);
    case Device::reference: return std::make_unique<ReferenceBackend>(recipe, train);
    case Device::cuda: break;
  }
  throw Unsupported("trainer: device is cuda, this build can train on cpu or reference");
}

}  // namespace xent::mlp
