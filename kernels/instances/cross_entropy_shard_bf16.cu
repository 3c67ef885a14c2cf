#include "kernels/cross_entropy/general.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy_shard, bf16, CrossEntropyShard, bf16)

}  // namespace xent::gpu
