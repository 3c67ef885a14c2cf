#include "kernels/cross_entropy/forward.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy, f16, CrossEntropyForward, f16)

}  // namespace xent::gpu
