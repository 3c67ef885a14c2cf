#include "kernels/divergence/row.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(kl_divergence, f64, KlDivergence, double)

}  // namespace xent::gpu
