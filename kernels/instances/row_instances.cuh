// What makes the instances of a kernel for one element type: one per mapping. A source per type and kernel
// includes this, so that they compile side by side.
#pragma once

#include <utility>

#include "kernels/instances/table.hpp"
#include "kernels/primitives/launch.cuh"

namespace xent::gpu {

template <class Kernel, class T, std::size_t kMapping>
void launch_row_kernel(const LaunchShape& shape, const void* arguments) {
  constexpr MappingShape kShape = kMappings[kMapping];
  launch({.grid = shape.grid,
          .block = static_cast<unsigned>(kShape.block),
          .shared_bytes = shape.shared_bytes,
          .cluster = shape.cluster,
          .stream = static_cast<Stream>(shape.stream)},
         Kernel::template kernel<T, kShape.team, kShape.block>(),
         *static_cast<const typename Kernel::Arguments*>(arguments));
}

template <class Kernel, class T, Op kOp, std::size_t... kMapping>
std::span<const Instance> instances_of(std::index_sequence<kMapping...>) {
  static const Instance all[] = {{.op = kOp,
                                  .dtype = DTypeOf<T>::value,
                                  .mapping = static_cast<Mapping>(kMapping),
                                  .launch = launch_row_kernel<Kernel, T, kMapping>}...};
  return all;
}

template <Op kOp, DType kType>
std::span<const Instance> row_instances();

#define XENT_ROW_INSTANCES(op_name, dtype_name, Kernel, T)                                     \
  template <>                                                                                  \
  std::span<const Instance> row_instances<Op::op_name, DType::dtype_name>() {                  \
    return instances_of<Kernel, T, Op::op_name>(std::make_index_sequence<kMappings.size()>()); \
  }

}  // namespace xent::gpu
