// Backward of softmax and log-softmax: a sum over the row, then one expression per element.
#include "host/cpu/softmax_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/softmax_backward_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_write-inl.h"
#include "host/cpu/rows.hpp"
#include "host/cpu/softmax_backward-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// The second pass.
template <bool kLog, class D, class T>
struct Gradient {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  D d{};
  const T* saved = nullptr;
  const T* upstream = nullptr;
  C sum = C{0};

  HWY_INLINE V Of(V s, V g) const { return SoftmaxGradient<kLog, D>().Of(s, g, hn::Set(d, sum)); }
  HWY_INLINE V Whole(std::int64_t c) const {
    return Of(LoadVector(d, saved + c), LoadVector(d, upstream + c));
  }
  HWY_INLINE V Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(d, saved + c, count, T(0.0F)), LoadPart(d, upstream + c, count, T(0.0F)));
  }
};

template <bool kLog, class D, class T>
double SumOfTerms(D d, const Gradient<kLog, D, T>& row, std::int64_t classes) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const SoftmaxGradient<kLog, D> element;
  double total = 0.0;
  for (std::int64_t begin = 0; begin < classes; begin += kBlock) {
    const std::int64_t end = HWY_MIN(classes, begin + kBlock);
    auto sum = hn::Zero(d);
    std::int64_t c = begin;
    for (; c + lanes <= end; c += lanes) {
      sum = hn::Add(sum, element.Term(LoadVector(d, row.saved + c), LoadVector(d, row.upstream + c)));
    }
    if (c < end) {
      const auto left = static_cast<std::size_t>(end - c);
      sum = hn::Add(sum, element.Term(LoadPart(d, row.saved + c, left, T(0.0F)),
                                      LoadPart(d, row.upstream + c, left, T(0.0F))));
    }
    total += Total(d, sum);
  }
  return total;
}

template <bool kLog, class T>
void Row(const SoftmaxBackwardJob& job, std::int64_t r) {
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  const D d;
  thread_local Scratch packed_saved;
  thread_local Scratch packed_upstream;
  thread_local Scratch packed_grad;
  const std::int64_t classes = job.grad.layout.classes;
  Gradient<kLog, D, T> row{.saved = read_row<T>(job.saved, r, packed_saved),
                           .upstream = read_row<T>(job.upstream, r, packed_upstream)};
  T* out = row_to_write<T>(job.grad, r, packed_grad);
  row.sum = static_cast<C>(SumOfTerms(d, row, classes));
  WriteRow(d, out, classes, row, job.streaming_stores);
  write_row(job.grad, r, out);
}

void SoftmaxBackwardRows(const SoftmaxBackwardJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.grad.dtype, [&]<class T>(T /*type*/) {
    for (std::int64_t r = begin; r < end; ++r) {
      if (job.log) {
        Row<true, T>(job, r);
      } else {
        Row<false, T>(job, r);
      }
    }
  });
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(SoftmaxBackwardRows);

void softmax_backward_rows(const SoftmaxBackwardJob& job, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(SoftmaxBackwardRows)(job, begin, end);
}

}  // namespace xent::cpu
#endif
