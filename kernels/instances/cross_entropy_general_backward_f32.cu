#include "kernels/cross_entropy/general.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy_general_backward, f32, CrossEntropyGeneralBackward, float)

}  // namespace xent::gpu
