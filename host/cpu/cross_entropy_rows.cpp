// Cross-entropy of long rows: the classes of one row lie along the vector lanes. A row is read from memory
// once for its loss, and again from the cache for its gradient while the next row is read.
#include "host/cpu/cross_entropy_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_write-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

template <bool kSmoothed, class T>
class Rows {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;

  Rows(const CrossEntropyJob& job, const CrossEntropyParts& parts)
      : job_(job), parts_(parts), classes_(job.logits.layout.classes) {}

  void Run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) Row(r);
    pending_.writer.Finish();
    Close();
  }

 private:
  /// A row whose loss is known and whose gradient is being written.
  struct Pending {
    RowWriter<D, T, ScaledExp<kSmoothed, D, T>> writer{};
    std::int64_t row = -1;
    T* out = nullptr;
    std::int64_t label = 0;
    T at_target{};
  };

  void Row(std::int64_t r) {
    const std::int64_t label = load(job_.target.labels, r);
    if (job_.ignored(label)) return write_ignored_row<T>(job_, r);

    thread_local Scratch packed_logits[2];  // the pending row still needs its own
    packed_ = 1 - packed_;
    const T* z = read_row<T>(job_.logits, r, packed_logits[packed_]);
    auto writer = pending_.writer;  // a local: it stays in registers
    const RowSums sums = NormaliseRow<kSmoothed>(z, classes_, [&]() HWY_ATTR { writer.WriteTwo(); });
    writer.Finish();
    Close();

    const TargetDistribution target(kSmoothed ? job_.options.label_smoothing : 0.0, sums.unmasked);
    const auto z_label = static_cast<double>(static_cast<C>(z[label]));
    RowResult result;
    const double log_sum = sums.state.log_sum();
    result.lse = sums.state.max + log_sum;
    result.loss = target.expected_gap(sums.state.max - z_label, sums.gap) + log_sum;
    if (job_.wants_argmax()) result.argmax = ArgMax(z, classes_, sums);
    store_result(job_, r, result);
    parts_.of(r) += {.loss = result.loss, .correct = result.argmax == label ? 1 : 0};
    if (job_.outputs.grad.given()) Open(r, z, label, sums.state, target);
  }

  void Open(std::int64_t r, const T* z, std::int64_t label, const MaxRest& state,
            const TargetDistribution& target) {
    const auto z_label = static_cast<double>(static_cast<C>(z[label]));
    // Where the target is the maximum, all others together are the rest; else 1 is among the others.
    const double others = z_label == state.max ? state.rest : state.sum() - std::exp(z_label - state.max);
    const bool masked = z_label == -std::numeric_limits<double>::infinity();
    const double scale = job_.row_scale(r);
    const double at_target = scale * target.target_gradient(others / state.sum(), masked);

    thread_local Scratch packed_grad;
    pending_.row = r;
    pending_.out = row_to_write<T>(job_.outputs.grad, r, packed_grad);
    pending_.label = label;
    pending_.at_target = T(static_cast<C>(at_target));
    const ScaledExp<kSmoothed, D, T> gradient{.z = z,
                                              .max = static_cast<C>(state.max),
                                              .factor = static_cast<C>(scale / state.sum()),
                                              .share = static_cast<C>(scale * target.share)};
    pending_.writer = {pending_.out, classes_, gradient, job_.streaming_stores};
  }

  /// The pending row's elements are written.
  void Close() {
    if (pending_.row < 0) return;
    pending_.out[pending_.label] = pending_.at_target;
    write_row(job_.outputs.grad, pending_.row, pending_.out);
    pending_ = {};
  }

  const CrossEntropyJob& job_;
  const CrossEntropyParts& parts_;
  std::int64_t classes_;
  std::size_t packed_ = 0;
  Pending pending_{};
};

void CrossEntropyRows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                      const CrossEntropyParts& parts) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    if (job.options.label_smoothing != 0.0) {
      Rows<true, T>(job, parts).Run(begin, end);
    } else {
      Rows<false, T>(job, parts).Run(begin, end);
    }
  });
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(CrossEntropyRows);

void cross_entropy_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                        const CrossEntropyParts& parts) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyRows)(job, begin, end, parts);
}

}  // namespace xent::cpu
#endif
