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

template <class T>
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
    from.Load(job.logits.data, r, count, scratch.logits);
    const auto norm = NormaliseLanes(d, scratch.logits, classes, scratch.exps);
    const auto log_sum = norm.LogSum(d);
    const auto sum = norm.Sum(d);
    for (std::int64_t c = 0; c < classes; ++c) {
      C* column = scratch.exps + c * lanes;
      const auto z = hn::Load(d, scratch.logits + c * lanes);
      hn::Store(job.log ? hn::Sub(hn::Sub(z, norm.max), log_sum) : hn::Div(hn::Load(d, column), sum), d,
                column);
    }
    to.Store(job.result.data, r, count, scratch.exps);
  }
}

void SoftmaxLanes(const SoftmaxJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) { Tiles<T>(job, begin, end); });
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
