#include "kernels/cross_entropy/general.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy_shard, f64, CrossEntropyShard, double)

}  // namespace xent::gpu
