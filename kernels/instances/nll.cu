#include "kernels/nll/nll.cuh"

#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

/// A thread has a row of its own, so one instance serves all mappings.
#define XENT_NLL_INSTANCES(dtype_name, T)                                  \
  template <>                                                              \
  std::span<const Instance> row_instances<Op::nll, DType::dtype_name>() {  \
    return instances_of<NllForward, T, Op::nll>(std::index_sequence<1>()); \
  }                                                                        \
  XENT_ROW_INSTANCES(nll_backward, dtype_name, NllBackward, T)

XENT_NLL_INSTANCES(f32, float)
XENT_NLL_INSTANCES(f16, f16)
XENT_NLL_INSTANCES(bf16, bf16)
XENT_NLL_INSTANCES(f64, double)

}  // namespace xent::gpu
