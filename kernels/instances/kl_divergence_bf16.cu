#include "kernels/divergence/row.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(kl_divergence, bf16, KlDivergence, bf16)

}  // namespace xent::gpu
