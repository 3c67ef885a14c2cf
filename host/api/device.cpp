#include <xent/device.hpp>

#include <string>

#include "host/api/check.hpp"
#include "host/cuda/backend.hpp"
#include "kernels/shapes/workspace.hpp"

namespace xent {

std::string unavailable(Device device) {
  return device == Device::cuda ? cuda::unavailable() : std::string();
}

std::size_t workspace_bytes(std::int64_t rows) {
  constexpr std::int64_t kMostRows = std::int64_t{1} << 58;
  if (rows < 0 || rows > kMostRows) api::reject("rows", "is " + std::to_string(rows), "0 to 2^58");
  return gpu::WorkspaceLayout(rows).bytes;
}

void check(const Exec& exec) {
  api::check(exec);
  if (exec.device == Device::cuda) cuda::check_labels(exec);
}

}  // namespace xent
