#include "kernels/cross_entropy/backward.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy_backward, f64, CrossEntropyBackward, double)

}  // namespace xent::gpu
