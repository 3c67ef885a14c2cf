#include "kernels/instances/mlp.hpp"
#include "kernels/primitives/launch.cuh"
#include "kernels/resident/train.cuh"

namespace xent::gpu {
namespace {

auto kernel(bool adaptive) { return adaptive ? resident_steps_kernel<true> : resident_steps_kernel<false>; }

}  // namespace

void launch_resident_steps(void* stream, bool adaptive, const ResidentArguments& arguments) {
  launch({.grid = static_cast<unsigned>(arguments.shape.blocks()),
          .block = kResidentBlock,
          .shared_bytes = arguments.shape.bytes(),
          .stream = static_cast<Stream>(stream),
          .cooperative = true},
         kernel(adaptive), arguments);
}

unsigned resident_blocks(bool adaptive, std::size_t shared_bytes) {
  return most_blocks_at_once(kernel(adaptive), kResidentBlock, shared_bytes);
}

}  // namespace xent::gpu
