#include "kernels/instances/row_instances.cuh"
#include "kernels/softmax/forward.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(softmax, f64, SoftmaxForward, double)

}  // namespace xent::gpu
