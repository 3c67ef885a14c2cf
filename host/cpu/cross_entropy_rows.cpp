// Cross-entropy of long rows: the classes of one row lie along the vector lanes. A row is read from
// memory once, its exponentials wait in the cache for the normaliser, and its gradient is written once.
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

template <bool kSmoothed, class T, class C>
void WriteGradient(const CrossEntropyJob& job, T* out, const T* z, std::int64_t classes, C share,
                   const RowScratch<C>& scratch) {
  using D = hn::ScalableTag<C>;
  const D d;
  const ScaledExps<D> probs{.exps = scratch.exps, .factors = scratch.factors};
  const auto write = [&](const auto& value) {
    if (job.streaming_stores) {
      WriteRow<true>(d, out, classes, value);
    } else {
      WriteRow<false>(d, out, classes, value);
    }
  };
  if constexpr (kSmoothed) {
    write(SmoothedGradient<D, T>{.probs = probs, .z = z, .share = share});
  } else {
    write(probs);
  }
}

template <RowNeeds kNeeds, class T>
void Row(const CrossEntropyJob& job, std::int64_t r, CrossEntropyPartial& partial) {
  using C = Compute<T>;
  const std::int64_t label = load(job.labels, r);
  if (job.ignored(label)) return write_ignored_row<T>(job, r);

  thread_local Scratch packed_logits;
  const std::int64_t classes = job.logits.layout.classes;
  const T* z = read_row<T>(job.logits, r, packed_logits);
  thread_local Scratch packed_grad;
  T* out = kNeeds.exps ? row_to_write<T>(job.outputs.grad, r, packed_grad) : nullptr;
  const auto scratch = kNeeds.exps ? RowScratch<C>::For(classes, out) : RowScratch<C>{};
  const RowSums<C> sums = NormaliseRow<kNeeds, T>(z, classes, scratch.exps, scratch.block_maxima);
  const MaxRest& state = sums.state;

  const TargetDistribution target(kNeeds.smoothing ? job.options.label_smoothing : 0.0, sums.unmasked);
  const auto z_label = static_cast<double>(static_cast<C>(z[label]));
  RowResult result;
  result.lse = state.lse();
  result.loss = target.expected_gap(state.max - z_label, sums.gap) + state.log_sum();
  if (job.wants_argmax()) result.argmax = ArgMax(z, classes, sums);
  store_result(job, r, result);
  partial.loss += result.loss;
  partial.correct += result.argmax == label ? 1 : 0;

  if constexpr (kNeeds.exps) {
    // Where the target is the maximum, all others together are the rest; else 1 is among the others.
    const double others = z_label == state.max ? state.rest : state.sum() - std::exp(z_label - state.max);
    const bool masked = z_label == -std::numeric_limits<double>::infinity();
    const double scale = job.row_scale(r);
    const double at_target = scale * target.target_gradient(others / state.sum(), masked);
    BlockFactors(state, scratch.block_maxima, Blocks(classes), scale, scratch.factors);

    WriteGradient<kNeeds.smoothing>(job, out, z, classes, static_cast<C>(scale * target.share), scratch);
    out[label] = T(static_cast<C>(at_target));
    write_row(job.outputs.grad, r, out);
  }
}

template <RowNeeds kNeeds>
CrossEntropyPartial Rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  const auto run = [&]<class T>(T /*type*/) {
    CrossEntropyPartial partial;
    for (std::int64_t r = begin; r < end; ++r) Row<kNeeds, T>(job, r, partial);
    return partial;
  };
  switch (job.logits.dtype) {
    case DType::f32: return run(float{});
    case DType::f16: return run(f16{});
    case DType::bf16: return run(bf16{});
    case DType::f64: return run(double{});
  }
  return {};
}

CrossEntropyPartial CrossEntropyRows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  const bool smoothed = job.options.label_smoothing != 0.0;
  CrossEntropyPartial partial;
  if (job.outputs.grad.given()) {
    partial = smoothed ? Rows<RowNeeds{.exps = true, .smoothing = true}>(job, begin, end)
                       : Rows<RowNeeds{.exps = true}>(job, begin, end);
  } else {
    partial =
        smoothed ? Rows<RowNeeds{.smoothing = true}>(job, begin, end) : Rows<RowNeeds{}>(job, begin, end);
  }
  if (job.streaming_stores) hwy::FlushStream();
  return partial;
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(CrossEntropyRows);

CrossEntropyPartial cross_entropy_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  return HWY_DYNAMIC_DISPATCH(CrossEntropyRows)(job, begin, end);
}

}  // namespace xent::cpu
#endif
