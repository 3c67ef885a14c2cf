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

/// Σ over the lanes, in double.
template <class D>
HWY_INLINE double LaneTotal([[maybe_unused]] D d, hn::Vec<D> v) {
#if HWY_TARGET == HWY_SCALAR
  return static_cast<double>(hn::GetLane(v));
#else
  if constexpr (std::is_same_v<hn::TFromD<D>, double>) {
    return hn::GetLane(hn::SumOfLanes(d, v));
  } else {
    const hn::Half<D> half;
    const hn::Rebind<double, hn::Half<D>> wide;
    const auto lower = hn::PromoteTo(wide, hn::LowerHalf(half, v));
    return hn::GetLane(hn::SumOfLanes(wide, hn::Add(lower, hn::PromoteTo(wide, hn::UpperHalf(half, v)))));
  }
#endif
}

/// (max, rest) of every lane's row.
template <class D>
struct LaneNormaliser {
  hn::Vec<D> max;
  hn::Vec<D> rest;

  hn::Vec<D> Sum(D d) const { return hn::Add(hn::Set(d, hn::TFromD<D>{1}), rest); }
  /// log1p(rest), NaN kept: the library function promises nothing for it.
  hn::Vec<D> LogSum(D d) const { return hn::IfThenElse(hn::IsNaN(rest), rest, hn::Log1p(d, rest)); }
};

/// Loads a tile; its largest logits.
template <class T, class D = hn::ScalableTag<Compute<T>>>
HWY_INLINE hn::Vec<D> LoadWithMaximum(const TileMover<T>& mover, const void* data, std::int64_t first_row,
                                      std::int64_t count, Compute<T>* columns) {
  auto max = hn::Set(D(), MinusInfinity<Compute<T>>());
  mover.Load(data, first_row, count, columns, [&](hn::Vec<D> v) HWY_ATTR {
    max = hn::Max(max, v);
    return v;
  });
  return max;
}

/// Between two classes.
struct NothingPerClass {
  HWY_INLINE void operator()(std::int64_t /*c*/) const {}
};

/// Of columns whose largest are given; also writes exp(z - max) of every class. Where z = scale·logit, max is
/// the largest logit. meanwhile(c) is called for every class.
template <class D, class Meanwhile = NothingPerClass, class C = hn::TFromD<D>>
HWY_INLINE LaneNormaliser<D> NormaliseLanes(D d, const C* logits, hn::Vec<D> max, std::int64_t classes,
                                            C* exps, C scale, const Meanwhile& meanwhile = {}) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto one = hn::Set(d, C{1});
  auto ones = hn::Zero(d);
  const auto take = [&](std::int64_t c, hn::Vec<D>& below) HWY_ATTR {
    const auto z = hn::Load(d, logits + c * lanes);
    const auto e = ExpNotAbove(d, hn::Mul(hn::Sub(z, max), hn::Set(d, scale)));
    const auto is_one = hn::Ge(e, one);
    below = hn::Add(below, hn::IfThenZeroElse(is_one, e));
    ones = hn::Add(ones, hn::IfThenElseZero(is_one, one));
    hn::Store(e, d, exps + c * lanes);
    meanwhile(c);
  };
  // Two sums: half the additions, and half of the error where terms that are equal all round the same way.
  auto below = hn::Zero(d);
  auto of_odd = hn::Zero(d);
  std::int64_t c = 0;
  for (; c + 2 <= classes; c += 2) {
    take(c, below);
    take(c + 1, of_odd);
  }
  if (c < classes) take(c, below);
  below = hn::Add(below, of_odd);
  // A row of only -inf has z - max = NaN, so its rest is NaN by itself.
  return {max, hn::Add(below, hn::Sub(ones, one))};
}

/// Lowest class with the largest logit of every lane; the first NaN if there is one.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> ArgMaxLanes(D d, const C* logits, std::int64_t classes) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto best = hn::Load(d, logits);
  auto at = hn::Zero(d);
  for (std::int64_t c = 1; c < classes; ++c) {
    const auto z = hn::Load(d, logits + c * lanes);
    const auto better = hn::And(hn::Or(hn::Gt(z, best), hn::IsNaN(z)), hn::Not(hn::IsNaN(best)));
    best = hn::IfThenElse(better, z, best);
    at = hn::IfThenElse(better, hn::Set(d, static_cast<C>(c)), at);
  }
  return at;
}

/// Of every lane, how many classes come before its own, whose logit is given; -1 where there is a NaN.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> RankLanes(D d, const C* logits, std::int64_t classes, hn::Vec<D> own,
                                hn::Vec<D> bound) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto count = hn::Zero(d);
  auto nan = hn::IsNaN(bound);
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto z = hn::Load(d, logits + c * lanes);
    const auto lower = hn::Lt(hn::Set(d, static_cast<C>(c)), own);
    const auto before = hn::Or(hn::Gt(z, bound), hn::And(lower, hn::Eq(z, bound)));
    count = hn::Add(count, hn::IfThenElseZero(before, hn::Set(d, C{1})));
    nan = hn::Or(nan, hn::IsNaN(z));
  }
  return hn::IfThenElse(nan, hn::Set(d, C{-1}), count);
}

/// Σ exp(z - max)·(max - z) of every lane, from the exponentials.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> EntropyGapLanes(D d, const C* logits, std::int64_t classes, const C* exps,
                                      hn::Vec<D> max, C scale = C{1}) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto sum = hn::Zero(d);
  auto last = hn::Zero(d);  // two by turns, as above
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto x = hn::Mul(hn::Sub(hn::Load(d, logits + c * lanes), max), hn::Set(d, scale));
    const auto next = hn::NegMulAdd(hn::Load(d, exps + c * lanes), AboveLowest(d, x), sum);
    sum = last;
    last = next;
  }
  return hn::Add(sum, last);
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_TILE_INL_H_
