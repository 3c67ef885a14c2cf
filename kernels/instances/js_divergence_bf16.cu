#include "kernels/divergence/row.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(js_divergence, bf16, JsDivergence, bf16)

}  // namespace xent::gpu
