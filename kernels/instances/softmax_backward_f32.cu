#include "kernels/instances/row_instances.cuh"
#include "kernels/softmax/backward.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(softmax_backward, f32, SoftmaxBackward, float)

}  // namespace xent::gpu
