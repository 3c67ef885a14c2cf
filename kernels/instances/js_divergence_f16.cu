#include "kernels/divergence/row.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(js_divergence, f16, JsDivergence, f16)

}  // namespace xent::gpu
