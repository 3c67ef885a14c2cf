#include "kernels/cross_entropy/forward.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy, f64, CrossEntropyForward, double)

}  // namespace xent::gpu
