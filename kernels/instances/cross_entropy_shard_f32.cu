#include "kernels/cross_entropy/general.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy_shard, f32, CrossEntropyShard, float)

}  // namespace xent::gpu
