#include "kernels/binary_cross_entropy/elements.cuh"
#include "kernels/instances/row_instances.cuh"

namespace xent::gpu {

/// Elements are dealt to threads whatever the rows, so one instance serves all mappings.
#define XENT_BINARY_CROSS_ENTROPY_INSTANCES(dtype_name, T)                                 \
  template <>                                                                              \
  std::span<const Instance> row_instances<Op::binary_cross_entropy, DType::dtype_name>() { \
    return instances_of<BinaryCrossEntropy, T, Op::binary_cross_entropy>(                  \
        std::index_sequence<static_cast<std::size_t>(Mapping::block)>());                  \
  }

XENT_BINARY_CROSS_ENTROPY_INSTANCES(f32, float)
XENT_BINARY_CROSS_ENTROPY_INSTANCES(f16, f16)
XENT_BINARY_CROSS_ENTROPY_INSTANCES(bf16, bf16)
XENT_BINARY_CROSS_ENTROPY_INSTANCES(f64, double)

}  // namespace xent::gpu
