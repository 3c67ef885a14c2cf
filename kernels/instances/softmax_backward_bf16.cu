#include "kernels/instances/row_instances.cuh"
#include "kernels/softmax/backward.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(softmax_backward, bf16, SoftmaxBackward, bf16)

}  // namespace xent::gpu
