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

/// The unit of summed gaps, a power of two: with this few classes a sum overflows only where one gap does.
template <class C>
inline constexpr C kTileGapUnit = C{1} / 128;

/// (max, rest) of every lane's row.
template <class D>
struct LaneNormaliser {
  hn::Vec<D> max;
  hn::Vec<D> rest;
  hn::Vec<D> gap;       ///< Σ over unmasked classes of (max - z)·kTileGapUnit; only where asked for
  hn::Vec<D> unmasked;  ///< likewise

  hn::Vec<D> Sum(D d) const { return hn::Add(hn::Set(d, hn::TFromD<D>{1}), rest); }
  /// log1p(rest), NaN kept: the library function promises nothing for it.
  hn::Vec<D> LogSum(D d) const { return hn::IfThenElse(hn::IsNaN(rest), rest, hn::Log1p(d, rest)); }
};

/// Also writes exp(z - max) of every class.
template <bool kSmoothing, class D, class C = hn::TFromD<D>>
HWY_INLINE LaneNormaliser<D> NormaliseLanes(D d, const C* logits, std::int64_t classes, C* exps) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto one = hn::Set(d, C{1});
  const auto masked_logit = hn::Set(d, MinusInfinity<C>());
  auto max = masked_logit;
  for (std::int64_t c = 0; c < classes; ++c) max = hn::Max(max, hn::Load(d, logits + c * lanes));
  auto below = hn::Zero(d);
  auto ones = hn::Zero(d);
  auto gap = hn::Zero(d);
  auto unmasked = hn::Zero(d);
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto z = hn::Load(d, logits + c * lanes);
    const auto e = ExpNotAbove(d, hn::Sub(z, max));
    const auto is_one = hn::Ge(e, one);
    below = hn::Add(below, hn::IfThenZeroElse(is_one, e));
    ones = hn::Add(ones, hn::IfThenElseZero(is_one, one));
    if constexpr (kSmoothing) {
      const auto present = hn::Gt(z, masked_logit);
      gap = hn::MulAdd(hn::IfThenElseZero(present, hn::Sub(max, z)), hn::Set(d, kTileGapUnit<C>), gap);
      unmasked = hn::Add(unmasked, hn::IfThenElseZero(present, one));
    }
    hn::Store(e, d, exps + c * lanes);
  }
  // A row of only -inf has z - max = NaN, so its rest is NaN by itself.
  return {max, hn::Add(below, hn::Sub(ones, one)), gap, unmasked};
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_TILE_INL_H_
