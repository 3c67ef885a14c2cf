// The CUDA backend on the GPU of this machine. Suites look at results when a call returns, so launches block.
#include <cstdlib>

#include "host/cuda/memory.hpp"
#include "tests/conformance/backend.hpp"
#include "tests/support/bounds.hpp"

namespace xent::testing {
namespace {

constexpr std::int64_t kMostRows = 20000;

// Before the runtime first looks, which is in main() at the earliest.
[[maybe_unused]] const int blocking = setenv("CUDA_LAUNCH_BLOCKING", "1", 1);

Exec exec(int variant) {
  static const cuda::DeviceArray<unsigned char>* const memory = [] {
    auto* const made = new cuda::DeviceArray<unsigned char>(workspace_bytes(kMostRows));
    cuda::fill_zero(made->data(), made->bytes(), nullptr);
    cuda::wait(nullptr);
    return made;
  }();
  static const cuda::Stream stream = cuda::make_stream();
  return {.device = Device::cuda,
          .stream = variant % 2 == 0 ? nullptr : stream,
          .workspace = {memory->data(), memory->bytes()}};
}

std::shared_ptr<void> device_arithmetic(int) { return std::make_shared<DeviceArithmetic>(); }

}  // namespace

std::vector<Backend> every_backend() { return {{"gpu", exec, device_arithmetic}}; }
std::vector<Backend> main_backends() { return every_backend(); }

}  // namespace xent::testing
