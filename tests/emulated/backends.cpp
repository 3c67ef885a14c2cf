// The CUDA backend over the emulation, on a device with clusters and on one without.
#include <new>

#include "tests/conformance/backend.hpp"
#include "tests/emulated/device.hpp"
#include "tests/simt/options.hpp"
#include "tests/support/bounds.hpp"
#include "tests/support/sanitized.hpp"

namespace xent::testing {
namespace {

constexpr std::int64_t kMostRows = 20000;

/// Zeroed once, as a caller would, and shared by all calls.
Exec exec(int) {
  static const std::size_t bytes = workspace_bytes(kMostRows);
  static void* const memory = ::operator new (bytes, std::align_val_t{64});
  static const bool zeroed = (std::fill_n(static_cast<unsigned char*>(memory), bytes, 0), true);
  static_cast<void>(zeroed);
  return {.device = Device::cuda, .workspace = {memory, bytes}};
}

/// The kernels' error bounds, a device, and an order of threads.
struct Scope {
  Scope(plan::DeviceProperties properties, int variant)
      : device(vary(properties, variant)), before(simt::options()) {
    if (variant == 0) return;
    simt::options().schedule = simt::Schedule::mixed;
    simt::options().seed = static_cast<std::uint64_t>(variant);
  }
  ~Scope() { simt::options() = before; }
  Scope(const Scope&) = delete;
  Scope& operator=(const Scope&) = delete;

  static plan::DeviceProperties vary(plan::DeviceProperties properties, int variant) {
    constexpr int kMultiprocessors[kVariants] = {2, 1, 7, 100};
    properties.multiprocessors = kMultiprocessors[variant];
    return properties;
  }

  DeviceArithmetic arithmetic;
  EmulatedDevice device;
  simt::Options before;
};

std::shared_ptr<void> large(int variant) { return std::make_shared<Scope>(kLargeDevice, variant); }
std::shared_ptr<void> small(int variant) { return std::make_shared<Scope>(kSmallDevice, variant); }

}  // namespace

std::vector<Backend> every_backend() {
  return {{"emulated_sm90", exec, large}, {"emulated_sm75", exec, small}};
}
std::vector<Backend> main_backends() {
  std::vector<Backend> backends = every_backend();
  if (kSanitized) backends.pop_back();
  return backends;
}

}  // namespace xent::testing
