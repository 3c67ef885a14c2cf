#include "kernels/instances/row_instances.cuh"
#include "kernels/softmax/forward.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(softmax, bf16, SoftmaxForward, bf16)

}  // namespace xent::gpu
