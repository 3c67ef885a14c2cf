// A tile of short rows, one row per lane: vector c holds class c of every row. Rows are independent, so
// nothing is reduced across lanes, and each row's bits are the same in whatever lane it lies.
#if defined(XENT_HOST_CPU_ROW_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_TILE_INL_H_
#undef XENT_HOST_CPU_ROW_TILE_INL_H_
#else
#define XENT_HOST_CPU_ROW_TILE_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>

#include "host/cpu/tile_mover-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// A worker's memory for one tile.
template <class C>
struct TileScratch {
  C* logits;     ///< classes × lanes
  C* exps;       ///< classes × lanes
  C* row_major;  ///< lanes × classes

  static TileScratch For(std::int64_t classes) {
    thread_local Scratch memory;
    const hn::ScalableTag<C> d;
    const std::size_t tile = static_cast<std::size_t>(classes) * hn::Lanes(d);
    C* base = memory.get<C>(3 * tile);
    return {base, base + tile, base + 2 * tile};
  }
};

/// (max, rest) of every lane's row.
template <class D>
struct LaneNormaliser {
  hn::Vec<D> max;
  hn::Vec<D> rest;

  hn::Vec<D> Sum(D d) const { return hn::Add(hn::Set(d, hn::TFromD<D>{1}), rest); }
  /// log1p(rest), NaN kept: the library function promises nothing for it.
  hn::Vec<D> LogSum(D d) const { return hn::IfThenElse(hn::IsNaN(rest), rest, hn::Log1p(d, rest)); }
};

/// Also writes exp(z - max) of every class. Where z = scale·logit, max is the largest logit.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE LaneNormaliser<D> NormaliseLanes(D d, const C* logits, std::int64_t classes, C* exps,
                                            C scale = C{1}) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto one = hn::Set(d, C{1});
  auto max = hn::Set(d, MinusInfinity<C>());
  for (std::int64_t c = 0; c < classes; ++c) max = hn::Max(max, hn::Load(d, logits + c * lanes));
  auto below = hn::Zero(d);
  auto ones = hn::Zero(d);
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto z = hn::Load(d, logits + c * lanes);
    const auto e = ExpNotAbove(d, hn::Mul(hn::Sub(z, max), hn::Set(d, scale)));
    const auto is_one = hn::Ge(e, one);
    below = hn::Add(below, hn::IfThenZeroElse(is_one, e));
    ones = hn::Add(ones, hn::IfThenElseZero(is_one, one));
    hn::Store(e, d, exps + c * lanes);
  }
  // A row of only -inf has z - max = NaN, so its rest is NaN by itself.
  return {max, hn::Add(below, hn::Sub(ones, one))};
}

template <class C>
inline constexpr std::size_t kMostLanes = hn::MaxLanes(hn::ScalableTag<C>());

/// Lowest class with the largest logit of every lane; the first NaN if there is one.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE void ArgMaxLanes(D d, const C* logits, std::int64_t classes, C* argmax) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto best = hn::Load(d, logits);
  auto at = hn::Zero(d);
  for (std::int64_t c = 1; c < classes; ++c) {
    const auto z = hn::Load(d, logits + c * lanes);
    const auto better = hn::And(hn::Or(hn::Gt(z, best), hn::IsNaN(z)), hn::Not(hn::IsNaN(best)));
    best = hn::IfThenElse(better, z, best);
    at = hn::IfThenElse(better, hn::Set(d, static_cast<C>(c)), at);
  }
  hn::Store(at, d, argmax);
}

/// Of every lane, how many classes come before its label, whose logit is given; -1 where there is a NaN.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE void RankLanes(D d, const C* logits, std::int64_t classes, const C* label, const C* z_label,
                          C* rank) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto own = hn::Load(d, label);
  const auto bound = hn::Load(d, z_label);
  auto count = hn::Zero(d);
  auto nan = hn::IsNaN(bound);
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto z = hn::Load(d, logits + c * lanes);
    const auto lower = hn::Lt(hn::Set(d, static_cast<C>(c)), own);
    const auto before = hn::Or(hn::Gt(z, bound), hn::And(lower, hn::Eq(z, bound)));
    count = hn::Add(count, hn::IfThenElseZero(before, hn::Set(d, C{1})));
    nan = hn::Or(nan, hn::IsNaN(z));
  }
  hn::Store(hn::IfThenElse(nan, hn::Set(d, C{-1}), count), d, rank);
}

/// Σ exp(z - max)·(max - z) of every lane, from the exponentials.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> EntropyGapLanes(D d, const C* logits, std::int64_t classes, const C* exps,
                                      hn::Vec<D> max, C scale = C{1}) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto x = hn::Mul(hn::Sub(hn::Load(d, logits + c * lanes), max), hn::Set(d, scale));
    sum = hn::NegMulAdd(hn::Load(d, exps + c * lanes), AboveLowest(d, x), sum);
  }
  return sum;
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_TILE_INL_H_
