// Between a matrix and a tile of short rows: rows become lanes and lanes rows.
#if defined(XENT_HOST_CPU_TILE_MOVER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_TILE_MOVER_INL_H_
#undef XENT_HOST_CPU_TILE_MOVER_INL_H_
#else
#define XENT_HOST_CPU_TILE_MOVER_INL_H_
#endif

#include <hwy/cache_control.h>

#include "host/cpu/rows.hpp"
#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Numbers in the 16 bytes within which every target shuffles cheaply.
template <class C>
inline constexpr std::int64_t kPerBlock = 16 / sizeof(C);

/// Vectors of whole such blocks, whose number is known to the compiler. A gather of as many numbers takes
/// several times as long as loading and shuffling blocks of them.
template <class D>
inline constexpr bool kTransposes = !HWY_HAVE_SCALABLE && hn::MaxLanes(D()) >= kPerBlock<hn::TFromD<D>>;

#if HWY_TARGET != HWY_SCALAR  // which has no halves
/// A block of each of the rows first, first + kPerBlock, …
template <class D, class C = hn::TFromD<D>>
HWY_INLINE hn::Vec<D> LoadBlocks(D d, const C* first, std::int64_t stride) {
  if constexpr (hn::MaxLanes(D()) == kPerBlock<C>) {
    return hn::LoadU(d, first);
  } else {
    const hn::Half<D> half;
    const auto rows = static_cast<std::int64_t>(hn::MaxLanes(half));
    return hn::Combine(d, LoadBlocks(half, first + rows * stride, stride), LoadBlocks(half, first, stride));
  }
}
template <class D, class C = hn::TFromD<D>>
HWY_INLINE void StoreBlocks(D d, hn::Vec<D> v, C* first, std::int64_t stride) {
  if constexpr (hn::MaxLanes(D()) == kPerBlock<C>) {
    hn::StoreU(v, d, first);
  } else {
    const hn::Half<D> half;
    const auto rows = static_cast<std::int64_t>(hn::MaxLanes(half));
    StoreBlocks(half, hn::LowerHalf(half, v), first, stride);
    StoreBlocks(half, hn::UpperHalf(half, v), first + rows * stride, stride);
  }
}

/// Rows to columns within each block, and back: the same exchange.
template <class D, class V = hn::Vec<D>>
HWY_INLINE void TransposeBlocks(D d, V& v0, V& v1) {
  const V t0 = hn::InterleaveLower(d, v0, v1);
  v1 = hn::InterleaveUpper(d, v0, v1);
  v0 = t0;
}
template <class D, class V = hn::Vec<D>>
HWY_INLINE void TransposeBlocks(D d, V& v0, V& v1, V& v2, V& v3) {
  TransposeBlocks(d, v0, v2);  // 0a 2a 0b 2b | 0c 2c 0d 2d
  TransposeBlocks(d, v1, v3);
  TransposeBlocks(d, v0, v1);  // 0a 1a 2a 3a | 0b 1b 2b 3b
  TransposeBlocks(d, v2, v3);
}

/// kPerBlock columns of a tile's rows, which begin `stride` apart, to columns[c * lanes + lane]; each goes
/// through seen(v) on its way.
template <class D, class Seen, class C = hn::TFromD<D>>
HWY_INLINE void LoadColumns(D d, const C* from, std::int64_t stride, C* columns, const Seen& seen) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto v0 = LoadBlocks(d, from, stride);
  auto v1 = LoadBlocks(d, from + stride, stride);
  if constexpr (kPerBlock<C> == 4) {
    auto v2 = LoadBlocks(d, from + 2 * stride, stride);
    auto v3 = LoadBlocks(d, from + 3 * stride, stride);
    TransposeBlocks(d, v0, v1, v2, v3);
    hn::Store(seen(v2), d, columns + 2 * lanes);
    hn::Store(seen(v3), d, columns + 3 * lanes);
  } else {
    TransposeBlocks(d, v0, v1);
  }
  hn::Store(seen(v0), d, columns);
  hn::Store(seen(v1), d, columns + lanes);
}
/// The columns column(c), column(c + 1), … to where such rows begin.
template <class D, class Column, class C = hn::TFromD<D>>
HWY_INLINE void StoreColumns(D d, const Column& column, std::int64_t c, C* to, std::int64_t stride) {
  auto v0 = column(c);
  auto v1 = column(c + 1);
  if constexpr (kPerBlock<C> == 4) {
    auto v2 = column(c + 2);
    auto v3 = column(c + 3);
    TransposeBlocks(d, v0, v1, v2, v3);
    StoreBlocks(d, v2, to + 2 * stride, stride);
    StoreBlocks(d, v3, to + 3 * stride, stride);
  } else {
    TransposeBlocks(d, v0, v1);
  }
  StoreBlocks(d, v0, to, stride);
  StoreBlocks(d, v1, to + stride, stride);
}

#endif

template <class C>
inline constexpr std::size_t kMostLanes = hn::MaxLanes(hn::ScalableTag<C>());

/// One element of every row that is not what its column says.
template <class C>
struct TileExceptions {
  std::int64_t at[kMostLanes<C>];  ///< its class; -1: none
  HWY_ALIGN C value[kMostLanes<C>];
};

/// Asks memory, class by class, for what will be read next and written soon, of rows that lie one after the
/// other. No lambda: gcc takes one that only prefetches for a function without effect, and drops its calls.
template <class T>
struct TileFetch {
  const T* read = nullptr;
  const T* written = nullptr;
  std::int64_t lanes = 0;

  HWY_INLINE void operator()(std::int64_t c) const {
    hwy::Prefetch(read + c * lanes);
    hwy::Prefetch(written + c * lanes);
  }
};

/// Moves a tile between a matrix and its columns: vectors of one class of every row.
template <class T>
class TileMover {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  using V = hn::Vec<D>;

  TileMover(const Layout& layout, C* row_major) : layout_(layout), rows_(row_major) {}

  std::int64_t lanes() const { return static_cast<std::int64_t>(hn::Lanes(d_)); }

  /// columns[c * lanes + lane], what seen(v) makes of them; it may be asked twice for a column.
  template <class Seen>
  HWY_INLINE void Load(const void* data, std::int64_t first_row, std::int64_t count, C* columns,
                       const Seen& seen) const {
    const T* matrix = static_cast<const T*>(data);
    if constexpr (std::is_same_v<T, C>) {
      if (Direct(count)) {
        return Gather(matrix + layout_.row_offset(first_row), layout_.outer_stride, columns, seen);
      }
    }
    ForRuns(first_row, count, [&](std::int64_t offset, std::int64_t n, C* rows) HWY_ATTR {
      LoadRun(matrix + offset, n, rows);
    });
    // Lanes without a row compute on zeros; their results are dropped.
    for (std::int64_t i = count * layout_.classes; i < lanes() * layout_.classes; ++i) rows_[i] = C{0};
    Gather(rows_, layout_.classes, columns, seen);
  }
  void Load(const void* data, std::int64_t first_row, std::int64_t count, C* columns) const {
    Load(data, first_row, count, columns, [](V v) HWY_ATTR { return v; });
  }

  /// column(c) for every c; it may be asked twice.
  template <class Column>
  HWY_INLINE void Store(void* data, std::int64_t first_row, std::int64_t count, const Column& column,
                        const TileExceptions<C>* exceptions = nullptr) const {
    T* matrix = static_cast<T*>(data);
    if constexpr (std::is_same_v<T, C>) {
      if (Direct(count)) {
        T* const first = matrix + layout_.row_offset(first_row);
        Scatter(column, first, layout_.outer_stride);
        return Put(exceptions, count, first, layout_.outer_stride);
      }
    }
    Scatter(column, rows_, layout_.classes);
    Put(exceptions, count, rows_, layout_.classes);
    ForRuns(first_row, count, [&](std::int64_t offset, std::int64_t n, const C* rows) HWY_ATTR {
      StoreRun(rows, n, matrix + offset);
    });
  }

  /// The tile's first element.
  const T* First(const void* data, std::int64_t first_row) const {
    return static_cast<const T*>(data) + layout_.row_offset(first_row);
  }

 private:
  /// Whether rows can be gathered where they lie: a whole tile, whose offsets fit the index lanes.
  bool Direct(std::int64_t count) const {
    constexpr std::int64_t kFarthestStride = 1 << 24;
    return count == lanes() && layout_.inner == 1 && layout_.class_stride == 1 &&
           layout_.outer_stride <= kFarthestStride;
  }

  static constexpr bool kBlocks = kTransposes<D>;
  static constexpr std::int64_t kAtOnce = kPerBlock<C>;

  /// f(c) for columns c to c + kAtOnce; the last ones may be taken twice.
  template <class F>
  HWY_INLINE void ForColumns(const F& f) const {
    std::int64_t c = 0;
    for (; c + kAtOnce <= layout_.classes; c += kAtOnce) f(c);
    if (c < layout_.classes) f(layout_.classes - kAtOnce);
  }

  auto RowOffsets(std::int64_t stride) const {
    using Index = hn::TFromD<hn::RebindToSigned<D>>;
    const hn::RebindToSigned<D> di;
    return hn::Mul(hn::Iota(di, 0), hn::Set(di, static_cast<Index>(stride)));
  }

  template <class Seen>
  HWY_INLINE void Gather(const C* from, std::int64_t stride, C* columns, const Seen& seen) const {
    if constexpr (kBlocks) {
      if (layout_.classes >= kAtOnce) {
        return ForColumns([&](std::int64_t c)
                              HWY_ATTR { LoadColumns(d_, from + c, stride, columns + c * lanes(), seen); });
      }
    }
    const auto offsets = RowOffsets(stride);
    for (std::int64_t c = 0; c < layout_.classes; ++c) {
      hn::Store(seen(hn::GatherIndex(d_, from + c, offsets)), d_, columns + c * lanes());
    }
  }

  template <class Column>
  HWY_INLINE void Scatter(const Column& column, C* to, std::int64_t stride) const {
    if constexpr (kBlocks) {
      if (layout_.classes >= kAtOnce) {
        return ForColumns([&](std::int64_t c) HWY_ATTR { StoreColumns(d_, column, c, to + c, stride); });
      }
    }
    const auto offsets = RowOffsets(stride);
    for (std::int64_t c = 0; c < layout_.classes; ++c) {
      hn::ScatterIndex(column(c), d_, to + c, offsets);
    }
  }

  static void Put(const TileExceptions<C>* exceptions, std::int64_t count, C* rows, std::int64_t stride) {
    for (std::int64_t lane = 0; exceptions != nullptr && lane < count; ++lane) {
      const std::int64_t at = exceptions->at[lane];
      if (at >= 0) rows[lane * stride + at] = exceptions->value[lane];
    }
  }

  /// Whether rows lie one after the other.
  bool OneRun() const {
    return layout_.inner == 1 && layout_.class_stride == 1 && layout_.outer_stride == layout_.classes;
  }
  /// f(offset, length, rows) for what goes from or to `rows` as one: all rows, or one.
  template <class F>
  HWY_INLINE void ForRuns(std::int64_t first_row, std::int64_t count, const F& f) const {
    const std::int64_t classes = layout_.classes;
    if (OneRun()) return f(layout_.row_offset(first_row), count * classes, rows_);
    for (std::int64_t lane = 0; lane < count; ++lane) {
      f(layout_.row_offset(first_row + lane), classes, rows_ + lane * classes);
    }
  }

  void LoadRun(const T* from, std::int64_t n, C* to) const {
    const std::int64_t stride = layout_.class_stride;
    std::int64_t i = 0;
    for (; stride == 1 && i + lanes() <= n; i += lanes()) hn::StoreU(LoadVector(d_, from + i), d_, to + i);
    for (; i < n; ++i) to[i] = static_cast<C>(from[i * stride]);
  }

  void StoreRun(const C* from, std::int64_t n, T* to) const {
    const std::int64_t stride = layout_.class_stride;
    std::int64_t i = 0;
    for (; stride == 1 && i + 2 * lanes() <= n; i += 2 * lanes()) {
      StoreTwo<false>(d_, hn::LoadU(d_, from + i), hn::LoadU(d_, from + i + lanes()), to + i);
    }
    for (; i < n; ++i) to[i * stride] = T(from[i]);
  }

  D d_{};
  const Layout& layout_;
  C* rows_;  ///< lanes × classes, for rows that cannot be gathered where they lie
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_TILE_MOVER_INL_H_
