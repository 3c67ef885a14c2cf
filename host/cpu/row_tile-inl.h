// A tile of short rows, one row per lane: vector c holds class c of every row. Rows are independent, so
// nothing is reduced across lanes, and each row's bits are the same in whatever lane it lies.
#if defined(XENT_HOST_CPU_ROW_TILE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_TILE_INL_H_
#undef XENT_HOST_CPU_ROW_TILE_INL_H_
#else
#define XENT_HOST_CPU_ROW_TILE_INL_H_
#endif

#include <hwy/contrib/math/math-inl.h>

#include "host/cpu/rows.hpp"
#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Moves a tile between a matrix and columns[c * lanes + lane].
template <class T>
class TileMover {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;

  TileMover(const Layout& layout, C* row_major) : layout_(layout), rows_(row_major) {}

  std::int64_t lanes() const { return static_cast<std::int64_t>(hn::Lanes(d_)); }

  void Load(const void* data, std::int64_t first_row, std::int64_t count, C* columns) const {
    const T* matrix = static_cast<const T*>(data);
    if constexpr (std::is_same_v<T, C>) {
      if (Direct(count)) return Gather(matrix + layout_.row_offset(first_row), layout_.outer_stride, columns);
    }
    for (std::int64_t lane = 0; lane < count; ++lane) {
      LoadRow(matrix + layout_.row_offset(first_row + lane), rows_ + lane * layout_.classes);
    }
    // Lanes without a row compute on zeros; their results are dropped.
    for (std::int64_t i = count * layout_.classes; i < lanes() * layout_.classes; ++i) rows_[i] = C{0};
    Gather(rows_, layout_.classes, columns);
  }

  void Store(void* data, std::int64_t first_row, std::int64_t count, const C* columns) const {
    T* matrix = static_cast<T*>(data);
    if constexpr (std::is_same_v<T, C>) {
      if (Direct(count)) {
        return Scatter(columns, matrix + layout_.row_offset(first_row), layout_.outer_stride);
      }
    }
    Scatter(columns, rows_, layout_.classes);
    for (std::int64_t lane = 0; lane < count; ++lane) {
      StoreRow(rows_ + lane * layout_.classes, matrix + layout_.row_offset(first_row + lane));
    }
  }

 private:
  /// Whether rows can be gathered where they lie: a whole tile, whose offsets fit the index lanes.
  bool Direct(std::int64_t count) const {
    constexpr std::int64_t kFarthestStride = 1 << 24;
    return count == lanes() && layout_.inner == 1 && layout_.class_stride == 1 &&
           layout_.outer_stride <= kFarthestStride;
  }

  auto RowOffsets(std::int64_t stride) const {
    using Index = hn::TFromD<hn::RebindToSigned<D>>;
    const hn::RebindToSigned<D> di;
    return hn::Mul(hn::Iota(di, 0), hn::Set(di, static_cast<Index>(stride)));
  }

  void Gather(const C* from, std::int64_t stride, C* columns) const {
    const auto offsets = RowOffsets(stride);
    for (std::int64_t c = 0; c < layout_.classes; ++c) {
      hn::Store(hn::GatherIndex(d_, from + c, offsets), d_, columns + c * lanes());
    }
  }

  void Scatter(const C* columns, C* to, std::int64_t stride) const {
    const auto offsets = RowOffsets(stride);
    for (std::int64_t c = 0; c < layout_.classes; ++c) {
      hn::ScatterIndex(hn::Load(d_, columns + c * lanes()), d_, to + c, offsets);
    }
  }

  void LoadRow(const T* row, C* to) const {
    const std::int64_t classes = layout_.classes;
    if (layout_.class_stride != 1) {
      for (std::int64_t c = 0; c < classes; ++c) to[c] = static_cast<C>(row[c * layout_.class_stride]);
      return;
    }
    std::int64_t c = 0;
    for (; c + lanes() <= classes; c += lanes()) hn::StoreU(LoadVector(d_, row + c), d_, to + c);
    for (; c < classes; ++c) to[c] = static_cast<C>(row[c]);
  }

  void StoreRow(const C* from, T* row) const {
    const std::int64_t classes = layout_.classes;
    if (layout_.class_stride != 1) {
      for (std::int64_t c = 0; c < classes; ++c) row[c * layout_.class_stride] = T(from[c]);
      return;
    }
    std::int64_t c = 0;
    for (; c + lanes() <= classes; c += lanes()) StoreVector<false>(d_, hn::LoadU(d_, from + c), row + c);
    for (; c < classes; ++c) row[c] = T(from[c]);
  }

  D d_{};
  const Layout& layout_;
  C* rows_;  ///< lanes × classes, for rows that cannot be gathered where they lie
};

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
