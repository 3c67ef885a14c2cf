// Softmax and log-softmax of long rows: the classes of one row lie along the vector lanes.
#include "host/cpu/softmax_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/softmax_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_write-inl.h"
#include "host/cpu/rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// (z - max) - log Σ: in two steps, since max + log Σ as one number would be rounded first.
template <class D, class T>
struct LogProbability {
  using C = hn::TFromD<D>;
  D d{};
  const T* z = nullptr;
  C max = C{0};
  C log_sum = C{0};

  HWY_INLINE hn::Vec<D> Of(hn::Vec<D> logits) const {
    return hn::Sub(hn::Sub(logits, hn::Set(d, max)), hn::Set(d, log_sum));
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Of(LoadVector(d, z + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(d, z + c, count, T(0.0F)));
  }
};

template <class T, class Value>
void Write(const SoftmaxJob& job, T* out, const Value& value) {
  const hn::ScalableTag<Compute<T>> d;
  if (job.streaming_stores) {
    WriteRow<true>(d, out, job.logits.layout.classes, value);
  } else {
    WriteRow<false>(d, out, job.logits.layout.classes, value);
  }
}

template <class T>
void Row(const SoftmaxJob& job, std::int64_t r) {
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  thread_local Scratch packed_logits;
  thread_local Scratch packed_result;
  const std::int64_t classes = job.logits.layout.classes;
  const T* z = read_row<T>(job.logits, r, packed_logits);
  T* out = row_to_write<T>(job.result, r, packed_result);
  if (job.log) {
    const MaxRest state = NormaliseRow<RowNeeds{}, T, C>(z, classes, nullptr, nullptr).state;
    Write(job, out,
          LogProbability<D, T>{
              .z = z, .max = static_cast<C>(state.max), .log_sum = static_cast<C>(state.log_sum())});
  } else {
    const auto scratch = RowScratch<C>::For(classes, out);
    const MaxRest state =
        NormaliseRow<RowNeeds{.exps = true}, T>(z, classes, scratch.exps, scratch.block_maxima).state;
    BlockFactors(state, scratch.block_maxima, Blocks(classes), 1.0, scratch.factors);
    Write(job, out, ScaledExps<D>{.exps = scratch.exps, .factors = scratch.factors});
  }
  write_row(job.result, r, out);
}

void SoftmaxRows(const SoftmaxJob& job, std::int64_t begin, std::int64_t end) {
  const auto run = [&]<class T>(T /*type*/) {
    for (std::int64_t r = begin; r < end; ++r) Row<T>(job, r);
  };
  switch (job.logits.dtype) {
    case DType::f32: run(float{}); break;
    case DType::f16: run(f16{}); break;
    case DType::bf16: run(bf16{}); break;
    case DType::f64: run(double{}); break;
  }
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(SoftmaxRows);

void softmax_rows(const SoftmaxJob& job, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(SoftmaxRows)(job, begin, end);
}

}  // namespace xent::cpu
#endif
