#include "kernels/instances/row_instances.cuh"
#include "kernels/softmax/backward.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(softmax_backward, f16, SoftmaxBackward, f16)

}  // namespace xent::gpu
