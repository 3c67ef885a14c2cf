// A build without CUDA, where nobody gets past unavailable(Device::cuda).
#include <stdexcept>

#include "host/mlp/cuda/make_cuda_backend.hpp"

namespace xent::mlp {
namespace {

[[noreturn]] void absent() {
  throw std::logic_error("the CUDA backend of a build without CUDA was asked for");
}

}  // namespace

std::unique_ptr<Backend> make_cuda_backend(const Recipe&, const data::Dataset&, StepPath) { absent(); }
std::string describe_cuda_device() { absent(); }

}  // namespace xent::mlp
