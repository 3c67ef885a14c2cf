#include "bench/loss_buffers.hpp"

#include <xent/cross_entropy.hpp>
#include <xent/nll.hpp>
#include <xent/parallel.hpp>
#include <xent/softmax.hpp>

#include "bench/random_logits.hpp"

namespace xent::bench {

template <class T>
LossBuffers<T>::LossBuffers(const LossCase& c, int threads, std::uint64_t seed)
    : logits(c.rows * c.classes),
      upstream_matrix(takes_upstream_matrix(c.operation) ? c.rows * c.classes : 0),
      result(writes_matrix(c.operation) ? c.rows * c.classes : 0),
      labels(c.rows),
      loss(c.rows),
      lse(c.rows),
      upstream(c.rows) {
  const bool saved = takes_upstream_matrix(c.operation);
  const bool writes = writes_matrix(c.operation);
  parallel_for(c.rows, threads, [&](std::int64_t row) {
    const auto first = (seed << 40U) + static_cast<std::uint64_t>(row * c.classes);
    for (std::int64_t i = 0; i < c.classes; ++i) {
      const auto number = first + static_cast<std::uint64_t>(i);
      logits.data()[row * c.classes + i] = T(random_logit(number));
      if (writes) result.data()[row * c.classes + i] = T(0.0F);
      if (saved) upstream_matrix.data()[row * c.classes + i] = T(random_logit(~number));
    }
    labels.data()[row] =
        static_cast<std::int64_t>(random_word(~first) % static_cast<std::uint64_t>(c.classes));
    upstream.data()[row] = random_logit(~first);
  });
  const Exec exec{.threads = threads};
  const MatrixView in = matrix(logits.data(), c.rows, c.classes);
  if (c.operation == Operation::softmax_backward) {
    softmax(in, in, exec);
  } else if (c.operation == Operation::log_softmax_backward || c.operation == Operation::nll) {
    log_softmax(in, in, exec);
  } else if (c.operation == Operation::cross_entropy_backward) {
    cross_entropy(in, {}, {.lse = vector(lse.data(), c.rows)}, {}, {}, exec);
  }
}

template <class T>
void call(const LossCase& c, LossBuffers<T>& b, const Exec& exec) {
  const auto logits = matrix(static_cast<const T*>(b.logits.data()), c.rows, c.classes);
  const auto result = matrix(b.result.data(), c.rows, c.classes);
  const auto upstream_matrix = matrix(static_cast<const T*>(b.upstream_matrix.data()), c.rows, c.classes);
  const LabelView labels = xent::labels(b.labels.data(), c.rows);
  const bool per_row = c.reduction == Reduction::none;
  const VectorView loss = vector(b.loss.data(), per_row ? c.rows : 1);
  const LossOptions options{.reduction = c.reduction};
  Upstream upstream;
  if (per_row) upstream.values = vector(b.upstream.data(), c.rows);
  switch (c.operation) {
    case Operation::cross_entropy:
      return cross_entropy(logits, labels, {.loss = loss, .grad = result}, options, upstream, exec);
    case Operation::cross_entropy_in_place:
      return cross_entropy(logits, labels, {.loss = loss, .grad = matrix(b.logits.data(), c.rows, c.classes)},
                           options, upstream, exec);
    case Operation::cross_entropy_forward:
      return cross_entropy(logits, labels, {.loss = loss}, options, {}, exec);
    case Operation::cross_entropy_backward:
      return cross_entropy_backward(logits, labels, vector(b.lse.data(), c.rows), result, options, upstream,
                                    exec);
    case Operation::softmax: return softmax(logits, result, exec);
    case Operation::log_softmax: return log_softmax(logits, result, exec);
    case Operation::softmax_backward: return softmax_backward(logits, upstream_matrix, result, exec);
    case Operation::log_softmax_backward: return log_softmax_backward(logits, upstream_matrix, result, exec);
    case Operation::nll: return nll(logits, labels, {.loss = loss}, options, exec);
    case Operation::nll_backward: return nll_backward(labels, result, options, upstream, exec);
  }
}

template struct LossBuffers<float>;
template struct LossBuffers<f16>;
template struct LossBuffers<bf16>;
template struct LossBuffers<double>;
template void call(const LossCase&, LossBuffers<float>&, const Exec&);
template void call(const LossCase&, LossBuffers<f16>&, const Exec&);
template void call(const LossCase&, LossBuffers<bf16>&, const Exec&);
template void call(const LossCase&, LossBuffers<double>&, const Exec&);

}  // namespace xent::bench
