#include "kernels/divergence/row.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(kl_divergence, f32, KlDivergence, float)

}  // namespace xent::gpu
