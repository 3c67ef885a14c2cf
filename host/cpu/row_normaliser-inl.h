// The first pass over a long row: its (max, rest), block by block, from one read of memory.
#if defined(XENT_HOST_CPU_ROW_NORMALISER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_NORMALISER_INL_H_
#undef XENT_HOST_CPU_ROW_NORMALISER_INL_H_
#else
#define XENT_HOST_CPU_ROW_NORMALISER_INL_H_
#endif

#include <hwy/cache_control.h>

#include "host/cpu/max_rest.hpp"
#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Columns that are staged in the first-level cache at a time (8 KiB of f32): one block is searched for its
/// maximum while the exponentials of the one before it are taken.
inline constexpr std::int64_t kBlock = 2048;

inline std::int64_t Blocks(std::int64_t classes) { return (classes + kBlock - 1) / kBlock; }

/// Fetches what lies a block ahead of what is being staged, so that memory never waits. It may reach past
/// the row: a prefetch never faults, and there lies the next row.
template <class T>
HWY_INLINE void PrefetchAhead(const T* at, std::int64_t count) {
  constexpr std::uintptr_t kLine = 64;
  const auto begin = reinterpret_cast<std::uintptr_t>(at) + kBlock * sizeof(T);
  const auto end = begin + static_cast<std::uintptr_t>(count) * sizeof(T);
  for (auto line = begin; line < end; line += kLine) {
    hwy::Prefetch(reinterpret_cast<const void*>(line));
  }
}

/// Extra sums that only some calls need; each is free when off.
struct RowNeeds {
  bool exps = false;       ///< keep exp(z - block maximum) of every class
  bool smoothing = false;  ///< gap and unmasked
};

template <class C>
struct RowSums {
  MaxRest state{};
  double gap = 0.0;            ///< Σ over unmasked classes of max - z
  double unmasked = 0.0;       ///< classes whose logit is not -inf
  std::int64_t max_block = 0;  ///< first block that holds the maximum
};

/// Copies columns from memory, of any type and alignment, to aligned numbers of the compute type, and finds
/// their maximum. Loads that straddle cache lines, and conversions, are so paid once.
template <class D>
class Stager {
 public:
  using C = hn::TFromD<D>;

  // Written out: an implicit constructor would not be compiled for the target.
  Stager() : even_(hn::Set(D(), MinusInfinity<C>())), odd_(even_) {}

  /// Two vectors.
  template <class T>
  HWY_INLINE void Copy(const T* from, C* to) {
    const D d;
    const auto v0 = LoadVector(d, from);
    const auto v1 = LoadVector(d, from + hn::Lanes(d));
    hn::Store(v0, d, to);
    hn::Store(v1, d, to + hn::Lanes(d));
    even_ = hn::Max(even_, v0);
    odd_ = hn::Max(odd_, v1);
  }
  /// The last n < 2 vectors, filled up with masked classes.
  template <class T>
  HWY_INLINE void CopyPart(const T* from, std::int64_t n, C* to) {
    const D d;
    HWY_ALIGN T padded[2 * hn::MaxLanes(D())];
    for (std::size_t i = 0; i < 2 * hn::Lanes(d); ++i) {
      padded[i] = static_cast<std::int64_t>(i) < n ? from[i] : MinusInfinity<T>();
    }
    Copy(padded, to);
  }
  HWY_INLINE C Maximum() const {
    const D d;
    return hn::GetLane(hn::MaxOfLanes(d, hn::Max(even_, odd_)));
  }

 private:
  hn::Vec<D> even_;
  hn::Vec<D> odd_;
};

/// Stages n columns and returns their maximum.
template <class D, class T, class C = hn::TFromD<D>>
HWY_INLINE C StageBlock(D d, const T* z, std::int64_t n, C* staged) {
  const auto two = 2 * static_cast<std::int64_t>(hn::Lanes(d));
  Stager<D> stager;
  std::int64_t i = 0;
  for (; i + two <= n; i += two) stager.Copy(z + i, staged + i);
  if (i < n) stager.CopyPart(z + i, n - i, staged + i);
  return stager.Maximum();
}

/// Gaps are summed in this unit, a power of two: a block's sum overflows only where one gap does.
template <class C>
inline constexpr C kGapUnit = C{1} / kBlock;

/// Adds up one vector after the other, in an order that column numbers alone decide.
template <class D, RowNeeds kNeeds>
struct BlockAccumulator {
  using V = hn::Vec<D>;
  using C = hn::TFromD<D>;
  D d{};
  V shift;
  V below = hn::Zero(d);  // Σ of the exponentials under 1
  V ones = hn::Zero(d);   // how many are 1: the maximum and its equals
  V gap = hn::Zero(d);
  V unmasked = hn::Zero(d);

  explicit BlockAccumulator(C maximum)
      // In a fully masked block z - max would be NaN; shifted by 0 its exponentials are all 0.
      : shift(hn::Set(D(), maximum == MinusInfinity<C>() ? C{0} : maximum)) {}

  HWY_INLINE V Add(V z) {
    const V one = hn::Set(d, C{1});
    const V e = ExpNotAbove(d, hn::Sub(z, shift));
    const auto is_one = hn::Ge(e, one);
    // NaN is not ≥ 1, so it goes into the sum and is not lost.
    below = hn::Add(below, hn::IfThenZeroElse(is_one, e));
    ones = hn::Add(ones, hn::IfThenElseZero(is_one, one));
    if constexpr (kNeeds.smoothing) {
      const auto present = hn::Gt(z, hn::Set(d, MinusInfinity<C>()));
      gap = hn::MulAdd(hn::IfThenElseZero(present, hn::Sub(shift, z)), hn::Set(d, kGapUnit<C>), gap);
      unmasked = hn::Add(unmasked, hn::IfThenElseZero(present, one));
    }
    return e;
  }
};

template <class D>
HWY_INLINE double Total(D d, hn::Vec<D> v) {
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, v)));
}

/// Reduces one staged block of n columns whose maximum is known; writes its exponentials to `exps` if they
/// are kept. Meanwhile `meanwhile(i)` is called once for every two vectors, i columns into the block.
template <RowNeeds kNeeds, class D, class Meanwhile, class C = hn::TFromD<D>>
HWY_INLINE RowSums<C> ReduceBlock(D d, const C* staged, std::int64_t n, C maximum, C* exps,
                                  const Meanwhile& meanwhile) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  BlockAccumulator<D, kNeeds> even(maximum);
  BlockAccumulator<D, kNeeds> odd(maximum);
  for (std::int64_t i = 0; i < n; i += 2 * lanes) {
    meanwhile(i);
    const auto e0 = even.Add(hn::Load(d, staged + i));
    const auto e1 = odd.Add(hn::Load(d, staged + i + lanes));
    if constexpr (kNeeds.exps) {  // padded to whole blocks
      hn::StoreU(e0, d, exps + i);
      hn::StoreU(e1, d, exps + i + lanes);
    }
  }
  RowSums<C> sums;
  const double ones = Total(d, hn::Add(even.ones, odd.ones));
  sums.state.max = static_cast<double>(maximum);
  sums.state.rest = Total(d, hn::Add(even.below, odd.below)) + (ones - 1.0);
  if constexpr (kNeeds.smoothing) {
    sums.gap = Total(d, hn::Add(even.gap, odd.gap)) / static_cast<double>(kGapUnit<C>);
    sums.unmasked = Total(d, hn::Add(even.unmasked, odd.unmasked));
  }
  return sums;
}

/// Adds a block's sums to the row's; the gaps, which count from the maximum, move with it.
template <RowNeeds kNeeds, class C>
HWY_INLINE void AddBlock(const RowSums<C>& block, std::int64_t number, RowSums<C>& row) {
  const double higher = block.state.max > row.state.max ? block.state.max : row.state.max;
  if constexpr (kNeeds.smoothing) {
    const auto moved = [higher](const RowSums<C>& part) {
      return part.unmasked == 0.0 ? part.gap : part.gap + part.unmasked * (higher - part.state.max);
    };
    row.gap = moved(row) + moved(block);
    row.unmasked += block.unmasked;
  }
  if (block.state.max > row.state.max) row.max_block = number;
  row.state = merge(row.state, block.state);
}

/// The sums of a whole row. `exps` (padded to whole blocks) and
/// `block_maxima` (one per block) are written where kNeeds.exps.
template <RowNeeds kNeeds, class T, class C = Compute<T>>
HWY_INLINE RowSums<C> NormaliseRow(const T* z, std::int64_t classes, C* exps, double* block_maxima) {
  using D = hn::ScalableTag<C>;
  const D d;
  const auto two_vectors = 2 * static_cast<std::int64_t>(hn::Lanes(d));
  HWY_ALIGN C stages[2][kBlock];
  const auto columns_from = [classes](std::int64_t begin) {
    return classes - begin < kBlock ? classes - begin : kBlock;
  };
  RowSums<C> row;
  C maximum = StageBlock(d, z, columns_from(0), stages[0]);
  for (std::int64_t b = 0; b < Blocks(classes); ++b) {
    const std::int64_t begin = b * kBlock;
    const std::int64_t n = columns_from(begin);
    const std::int64_t next_n = columns_from(begin + n);
    const T* next = z + begin + n;
    const C* staged = stages[b % 2];
    C* next_staged = stages[(b + 1) % 2];
    C* block_exps = exps + (kNeeds.exps ? begin : 0);
    RowSums<C> block;
    C next_maximum;
    if (next_n == kBlock) {
      Stager<D> stager;
      block = ReduceBlock<kNeeds>(d, staged, n, maximum, block_exps, [&](std::int64_t i) HWY_ATTR {
        PrefetchAhead(next + i, two_vectors);
        stager.Copy(next + i, next_staged + i);
      });
      next_maximum = stager.Maximum();
    } else {
      block = ReduceBlock<kNeeds>(d, staged, n, maximum, block_exps,
                                  [&](std::int64_t i) HWY_ATTR { PrefetchAhead(next + i, two_vectors); });
      next_maximum = StageBlock(d, next, next_n, next_staged);
    }
    if constexpr (kNeeds.exps) block_maxima[b] = static_cast<double>(maximum);
    AddBlock<kNeeds>(block, b, row);
    maximum = next_maximum;
  }
  // Nothing but masked classes: there is no distribution.
  if (row.state.max == -std::numeric_limits<double>::infinity()) {
    row.state.rest = std::numeric_limits<double>::quiet_NaN();
  }
  return row;
}

/// Lowest class with the largest logit; the first NaN if there is one.
template <class T, class C>
HWY_INLINE std::int64_t ArgMax(const T* z, std::int64_t classes, const RowSums<C>& row) {
  const bool regular = row.state.rest == row.state.rest && row.state.max == row.state.max;
  if (regular) {
    for (std::int64_t c = row.max_block * kBlock;; ++c) {
      if (static_cast<double>(static_cast<C>(z[c])) == row.state.max) return c;
    }
  }
  // A NaN, +inf or only -inf somewhere.
  std::int64_t best = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto value = static_cast<C>(z[c]);
    if (value != value) return c;
    if (value > static_cast<C>(z[best])) best = c;
  }
  return best;
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_NORMALISER_INL_H_
