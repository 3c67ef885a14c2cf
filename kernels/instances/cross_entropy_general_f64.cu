#include "kernels/cross_entropy/general.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

XENT_ROW_INSTANCES(cross_entropy_general, f64, CrossEntropyGeneral, double)

}  // namespace xent::gpu
