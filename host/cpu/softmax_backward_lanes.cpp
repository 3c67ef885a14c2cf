// Backward of softmax and log-softmax for short rows: a row per lane.
#include "host/cpu/softmax_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/softmax_backward_lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_tile-inl.h"
#include "host/cpu/softmax_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

template <bool kLog, class T>
void Tiles(const SoftmaxBackwardJob& job, std::int64_t begin, std::int64_t end) {
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  const D d;
  const SoftmaxGradient<kLog, D> element;
  const std::int64_t classes = job.grad.layout.classes;
  const auto scratch = TileScratch<C>::For(classes);
  const TileMover<T> saved(job.saved.layout, scratch.row_major);
  const TileMover<T> upstream(job.upstream.layout, scratch.row_major);
  const TileMover<T> grad(job.grad.layout, scratch.row_major);
  const std::int64_t lanes = grad.lanes();
  for (std::int64_t r = begin; r < end; r += lanes) {
    const std::int64_t count = HWY_MIN(lanes, end - r);
    saved.Load(job.saved.data, r, count, scratch.logits);
    upstream.Load(job.upstream.data, r, count, scratch.exps);
    auto sum = hn::Zero(d);
    for (std::int64_t c = 0; c < classes * lanes; c += lanes) {
      sum = hn::Add(sum, element.Term(hn::Load(d, scratch.logits + c), hn::Load(d, scratch.exps + c)));
    }
    grad.Store(job.grad.data, r, count, [&](std::int64_t c) HWY_ATTR {
      return element.Of(hn::Load(d, scratch.logits + c * lanes), hn::Load(d, scratch.exps + c * lanes), sum);
    });
  }
}

void SoftmaxBackwardLanes(const SoftmaxBackwardJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.grad.dtype, [&]<class T>(T /*type*/) {
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

HWY_EXPORT(SoftmaxBackwardLanes);

void softmax_backward_lanes(const SoftmaxBackwardJob& job, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(SoftmaxBackwardLanes)(job, begin, end);
}

}  // namespace xent::cpu
#endif
