// The memory of one call that is measured, and the call.
#pragma once

#include <cstdint>
#include <type_traits>

#include "bench/loss.hpp"

namespace xent::bench {

/// Whether the operation starts from a gradient for each element of its result.
inline bool takes_upstream_matrix(Operation operation) {
  return operation == Operation::softmax_backward || operation == Operation::log_softmax_backward;
}

/// Whether there is a matrix for its result.
inline bool writes_matrix(Operation operation) {
  return operation != Operation::cross_entropy_forward && operation != Operation::cross_entropy_in_place &&
         operation != Operation::nll;
}

/// Filled with random numbers, but for the lse, which belongs to the logits. Where the operation starts from
/// saved (log-)probabilities, those of the random logits stand in their place.
template <class T>
struct LossBuffers {
  /// Of loss and lse: f64 logits would lose their digits in f32.
  using Number = std::conditional_t<std::is_same_v<T, double>, double, float>;

  Buffer<T> logits;
  Buffer<T> upstream_matrix;  ///< empty where the operation takes none
  Buffer<T> result;           ///< empty where none is written
  Buffer<std::int64_t> labels;
  Buffer<Number> loss;
  Buffer<Number> lse;
  Buffer<Number> upstream;

  LossBuffers(const LossCase& c, int threads, std::uint64_t seed);
};

/// Does the case once.
template <class T>
void call(const LossCase& c, LossBuffers<T>& b, const Exec& exec);

/// visit(T()) for the case's type of logits.
template <class Visit>
decltype(auto) with_type(DType dtype, const Visit& visit) {
  switch (dtype) {
    case DType::f32: return visit(float());
    case DType::f16: return visit(f16());
    case DType::bf16: return visit(bf16());
    case DType::f64: break;
  }
  return visit(double());
}

}  // namespace xent::bench
