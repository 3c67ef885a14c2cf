#include "kernels/cross_entropy/backward.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy_backward, bf16, CrossEntropyBackward, bf16)

}  // namespace xent::gpu
