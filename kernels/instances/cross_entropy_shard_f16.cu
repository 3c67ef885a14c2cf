#include "kernels/cross_entropy/general.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy_shard, f16, CrossEntropyShard, f16)

}  // namespace xent::gpu
