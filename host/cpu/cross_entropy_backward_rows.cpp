// The gradient of cross-entropy from a saved lse: one read, one write, nothing to wait for in between.
#include "host/cpu/cross_entropy_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_backward_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_write-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// exp(z - lse), with lse as the sum of two numbers of the compute type so that an f64 lse keeps its digits.
template <class D>
struct ProbabilityFromLse {
  using C = hn::TFromD<D>;
  D d{};
  C high;
  C low;

  ProbabilityFromLse(D d_, double lse) : d(d_), high(static_cast<C>(lse)) {
    const double rounded_off = lse - static_cast<double>(high);
    low = rounded_off == rounded_off ? static_cast<C>(rounded_off) : C{0};  // inf - inf
  }

  HWY_INLINE hn::Vec<D> operator()(hn::Vec<D> z) const {
    return Exp(d, hn::Sub(hn::Sub(z, hn::Set(d, high)), hn::Set(d, low)));
  }
};

/// scale · (p - share), the target's own part left out; share only at unmasked classes.
template <bool kSmoothed, class D, class T>
struct GradientFromLse {
  using C = hn::TFromD<D>;
  D d{};
  const T* z;
  ProbabilityFromLse<D> probability;
  C scale;
  C share;

  HWY_INLINE hn::Vec<D> Of(hn::Vec<D> logits) const {
    const auto p = hn::Mul(probability(logits), hn::Set(d, scale));
    if constexpr (!kSmoothed) return p;
    const auto masked = hn::Eq(logits, hn::Set(d, MinusInfinity<C>()));
    return hn::IfThenElse(masked, p, hn::Sub(p, hn::Set(d, share)));
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Of(LoadVector(d, z + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(d, z + c, count, T(0.0F)));
  }
};

template <class D, class T>
double CountUnmasked(D d, const T* z, std::int64_t classes) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto masked = hn::Set(d, MinusInfinity<hn::TFromD<D>>());
  std::size_t count = 0;
  for (std::int64_t c = 0; c < classes; c += lanes) {
    const bool whole = classes - c >= lanes;
    const auto v = whole ? LoadVector(d, z + c)
                         : LoadPart(d, z + c, static_cast<std::size_t>(classes - c), MinusInfinity<T>());
    count += hn::CountTrue(d, hn::Gt(v, masked));
  }
  return static_cast<double>(count);
}

/// A target with this probability leaves the others a quarter, so the sum of all below a half is theirs.
constexpr double kDominant = 0.75;
constexpr double kSmall = 0.5;

template <class D, class T>
double SumOfSmallProbabilities(D d, const ProbabilityFromLse<D>& probability, const T* z,
                               std::int64_t classes) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto small = hn::Set(d, static_cast<hn::TFromD<D>>(kSmall));
  double total = 0.0;
  for (std::int64_t begin = 0; begin < classes; begin += kBlock) {
    const std::int64_t end = HWY_MIN(classes, begin + kBlock);
    auto sum = hn::Zero(d);
    for (std::int64_t c = begin; c < end; c += lanes) {
      const bool whole = end - c >= lanes;
      const auto v = whole ? LoadVector(d, z + c)
                           : LoadPart(d, z + c, static_cast<std::size_t>(end - c), MinusInfinity<T>());
      const auto p = probability(v);
      sum = hn::Add(sum, hn::IfThenZeroElse(hn::Ge(p, small), p));
    }
    total += Total(d, sum);
  }
  return total;
}

template <bool kSmoothed, class T>
void Row(const CrossEntropyJob& job, std::int64_t r) {
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  const D d;
  const std::int64_t label = load(job.target.labels, r);
  if (job.ignored(label)) return write_ignored_row<T>(job, r);

  thread_local Scratch packed_logits;
  thread_local Scratch packed_grad;
  const std::int64_t classes = job.logits.layout.classes;
  const T* z = read_row<T>(job.logits, r, packed_logits);
  T* out = row_to_write<T>(job.outputs.grad, r, packed_grad);

  const double lse = load(job.lse, r);
  const ProbabilityFromLse<D> probability(d, lse);
  const auto z_label = static_cast<double>(static_cast<C>(z[label]));
  const double p_label = std::exp(z_label - lse);
  const double others =
      p_label >= kDominant ? SumOfSmallProbabilities(d, probability, z, classes) : 1.0 - p_label;
  const TargetDistribution target(kSmoothed ? job.options.label_smoothing : 0.0,
                                  kSmoothed ? CountUnmasked(d, z, classes) : 1.0);
  const bool masked = z_label == -std::numeric_limits<double>::infinity();
  const double scale = job.row_scale(r);
  const double at_target = scale * target.target_gradient(others, masked);

  const GradientFromLse<kSmoothed, D, T> value{.z = z,
                                               .probability = probability,
                                               .scale = static_cast<C>(scale),
                                               .share = static_cast<C>(scale * target.share)};
  WriteRow(d, out, classes, value, job.streaming_stores);
  out[label] = T(static_cast<C>(at_target));
  write_row(job.outputs.grad, r, out);
}

void CrossEntropyBackwardRows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    for (std::int64_t r = begin; r < end; ++r) {
      if (job.options.label_smoothing != 0.0) {
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

HWY_EXPORT(CrossEntropyBackwardRows);

void cross_entropy_backward_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyBackwardRows)(job, begin, end);
}

}  // namespace xent::cpu
#endif
