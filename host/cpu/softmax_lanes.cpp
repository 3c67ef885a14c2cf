// Softmax and log-softmax of short rows: a row per lane.
#include "host/cpu/softmax_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/softmax_lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

template <bool kLog, class T>
void Tiles(const SoftmaxJob& job, std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  const hn::ScalableTag<C> d;
  const std::int64_t classes = job.logits.layout.classes;
  const auto scratch = TileScratch<C>::For(classes);
  const TileMover<T> from(job.logits.layout, scratch.row_major);
  const TileMover<T> to(job.result.layout, scratch.row_major);
  const std::int64_t lanes = from.lanes();
  for (std::int64_t r = begin; r < end; r += lanes) {
    const std::int64_t count = HWY_MIN(lanes, end - r);
    const auto max = LoadWithMaximum(from, job.logits.data, r, count, scratch.logits);
    const TileFetch<T> fetch{from.First(job.logits.data, HWY_MIN(r + lanes, end - 1)),
                             to.First(job.result.data, r), lanes};
    const auto norm = NormaliseLanes(d, scratch.logits, max, classes, scratch.exps, C{1}, fetch);
    const auto log_sum = norm.LogSum(d);
    const auto factor = hn::Div(hn::Set(d, C{1}), norm.Sum(d));
    to.Store(job.result.data, r, count, [&](std::int64_t c) HWY_ATTR {
      if constexpr (kLog) return hn::Sub(hn::Sub(hn::Load(d, scratch.logits + c * lanes), max), log_sum);
      return hn::Mul(hn::Load(d, scratch.exps + c * lanes), factor);
    });
  }
}

void SoftmaxLanes(const SoftmaxJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    if (job.log) {
      Tiles<true, T>(job, begin, end);
    } else {
      Tiles<false, T>(job, begin, end);
    }
  });
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(SoftmaxLanes);

void softmax_lanes(const SoftmaxJob& job, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(SoftmaxLanes)(job, begin, end);
}

}  // namespace xent::cpu
#endif
