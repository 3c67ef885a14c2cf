#include "host/cuda/workspace.hpp"

#include <string>

namespace xent::cuda {

CallWorkspace::CallWorkspace(const Exec& exec, std::int64_t rows)
    : layout_(rows), data_(static_cast<unsigned char*>(exec.workspace.data)) {
  const auto reject = [](const std::string& problem, const std::string& allowed) {
    throw InvalidArgument("exec.workspace: " + problem + "; allowed: " + allowed);
  };
  if (data_ == nullptr || exec.workspace.bytes < layout_.bytes) {
    reject(data_ == nullptr ? "data is null" : "bytes is " + std::to_string(exec.workspace.bytes),
           std::to_string(layout_.bytes) + " bytes or more (see workspace_bytes) of zeroed device memory");
  }
  if (reinterpret_cast<std::uintptr_t>(data_) % 64 != 0) {
    reject("data is not aligned", "a multiple of 64 bytes");
  }
}

}  // namespace xent::cuda
