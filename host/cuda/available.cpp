#include "host/cuda/backend.hpp"
#include "host/cuda/runtime.hpp"

namespace xent::cuda {

std::string why_unavailable() { return unavailable(); }

}  // namespace xent::cuda
