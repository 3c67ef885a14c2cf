#include "kernels/instances/table.hpp"

#include <stdexcept>
#include <string>

namespace xent::gpu {

template <Op kOp, DType kType>
std::span<const Instance> row_instances();  // one source each

namespace {

template <Op kOp>
std::span<const Instance> of_dtype(DType dtype) {
  switch (dtype) {
    case DType::f32: return row_instances<kOp, DType::f32>();
    case DType::f16: return row_instances<kOp, DType::f16>();
    case DType::bf16: return row_instances<kOp, DType::bf16>();
    case DType::f64: return row_instances<kOp, DType::f64>();
  }
  return {};
}

}  // namespace

std::span<const Instance> instances(Op op, DType dtype) {
  switch (op) {
    case Op::cross_entropy: return of_dtype<Op::cross_entropy>(dtype);
    case Op::cross_entropy_backward: return of_dtype<Op::cross_entropy_backward>(dtype);
    case Op::cross_entropy_general: return of_dtype<Op::cross_entropy_general>(dtype);
    case Op::cross_entropy_general_backward: return of_dtype<Op::cross_entropy_general_backward>(dtype);
    case Op::cross_entropy_shard: return of_dtype<Op::cross_entropy_shard>(dtype);
    case Op::softmax: return of_dtype<Op::softmax>(dtype);
    case Op::softmax_backward: return of_dtype<Op::softmax_backward>(dtype);
    case Op::nll: return of_dtype<Op::nll>(dtype);
    case Op::nll_backward: return of_dtype<Op::nll_backward>(dtype);
    case Op::binary_cross_entropy: return of_dtype<Op::binary_cross_entropy>(dtype);
    case Op::kl_divergence: return of_dtype<Op::kl_divergence>(dtype);
    case Op::js_divergence: return of_dtype<Op::js_divergence>(dtype);
  }
  return {};
}

const Instance& instance(Op op, DType dtype, Mapping mapping) {
  for (const Instance& one : instances(op, dtype)) {
    if (one.mapping == mapping) return one;
  }
  throw std::logic_error(std::string("no kernel for ") + name(op) + ", " + name(dtype) + ", " +
                         name(mapping));
}

}  // namespace xent::gpu
