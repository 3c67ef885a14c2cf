#include "kernels/divergence/row.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(kl_divergence, f16, KlDivergence, f16)

}  // namespace xent::gpu
