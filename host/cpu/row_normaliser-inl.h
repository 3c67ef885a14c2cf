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

/// A block is read twice, for its maximum and for its exponentials; the second read must hit the
/// first-level cache (4 KiB of f32).
inline constexpr std::int64_t kBlock = 1024;

inline std::int64_t Blocks(std::int64_t classes) { return (classes + kBlock - 1) / kBlock; }

/// Fetches what lies two blocks ahead: the next block is being searched for its maximum while this one's
/// exponentials are taken, and memory should never wait for either. It may reach past the row: a prefetch
/// never faults, and there lies the next row.
template <class T>
HWY_INLINE void PrefetchAhead(const T* at, std::int64_t count) {
  constexpr std::uintptr_t kLine = 64;
  const auto begin = reinterpret_cast<std::uintptr_t>(at) + 2 * kBlock * sizeof(T);
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

/// The maximum of a block, vector by vector.
template <class D>
struct MaximumAccumulator {
  D d{};
  hn::Vec<D> even;
  hn::Vec<D> odd;

  // Written out: an implicit constructor would not be compiled for the target.
  MaximumAccumulator() : even(hn::Set(D(), MinusInfinity<hn::TFromD<D>>())), odd(even) {}

  template <class T>
  HWY_INLINE void AddTwo(const T* z) {
    even = hn::Max(even, LoadVector(d, z));
    odd = hn::Max(odd, LoadVector(d, z + hn::Lanes(d)));
  }
  HWY_INLINE hn::TFromD<D> Result() const { return hn::GetLane(hn::MaxOfLanes(d, hn::Max(even, odd))); }
};

template <class D, class T>
HWY_INLINE hn::TFromD<D> BlockMaximum(D d, const T* z, std::int64_t n) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  MaximumAccumulator<D> maximum;
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) maximum.AddTwo(z + i);
  for (; i < n; i += lanes) {
    const bool whole = n - i >= lanes;
    const auto left = static_cast<std::size_t>(n - i);
    maximum.even =
        hn::Max(maximum.even, whole ? LoadVector(d, z + i) : LoadPart(d, z + i, left, MinusInfinity<T>()));
  }
  return maximum.Result();
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

template <class C>
struct BlockResult {
  RowSums<C> sums{};
  C next_maximum = MinusInfinity<C>();
};

/// Reduces one block of n columns whose maximum is known, and finds the maximum of the `next_n` columns
/// after it. Writes the block's exponentials to `exps` if they are kept.
template <RowNeeds kNeeds, class D, class T, class C = hn::TFromD<D>>
HWY_INLINE BlockResult<C> ReduceBlock(D d, const T* z, std::int64_t n, C maximum, C* exps,
                                      std::int64_t next_n) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  BlockAccumulator<D, kNeeds> even(maximum);
  BlockAccumulator<D, kNeeds> odd(maximum);
  MaximumAccumulator<D> next;
  const auto add_two = [&](std::int64_t at) HWY_ATTR {
    PrefetchAhead(z + at, 2 * lanes);
    const auto e0 = even.Add(LoadVector(d, z + at));
    const auto e1 = odd.Add(LoadVector(d, z + at + lanes));
    if constexpr (kNeeds.exps) {
      hn::Store(e0, d, exps + at);
      hn::Store(e1, d, exps + at + lanes);
    }
  };
  std::int64_t i = 0;
  if (next_n == kBlock) {
    for (; i + 2 * lanes <= n; i += 2 * lanes) {
      add_two(i);
      next.AddTwo(z + kBlock + i);
    }
  }
  for (; i + 2 * lanes <= n; i += 2 * lanes) add_two(i);
  for (; i < n; i += lanes) {
    const auto left = static_cast<std::size_t>(n - i);
    const bool whole = n - i >= lanes;
    const auto e = even.Add(whole ? LoadVector(d, z + i) : LoadPart(d, z + i, left, MinusInfinity<T>()));
    if constexpr (kNeeds.exps) hn::Store(e, d, exps + i);  // the scratch is padded to whole vectors
  }

  BlockResult<C> result;
  RowSums<C>& sums = result.sums;
  const double ones = Total(d, hn::Add(even.ones, odd.ones));
  sums.state.max = static_cast<double>(maximum);
  sums.state.rest = Total(d, hn::Add(even.below, odd.below)) + (ones - 1.0);
  if constexpr (kNeeds.smoothing) {
    sums.gap = Total(d, hn::Add(even.gap, odd.gap)) / static_cast<double>(kGapUnit<C>);
    sums.unmasked = Total(d, hn::Add(even.unmasked, odd.unmasked));
  }
  result.next_maximum = next_n == kBlock ? next.Result() : BlockMaximum(d, z + n, next_n);
  return result;
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

/// The sums of a whole row. `exps` (a multiple of the vector length, vector-aligned) and
/// `block_maxima` (one per block) are written where kNeeds.exps.
template <RowNeeds kNeeds, class T, class C = Compute<T>>
HWY_INLINE RowSums<C> NormaliseRow(const T* z, std::int64_t classes, C* exps, double* block_maxima) {
  const hn::ScalableTag<C> d;
  const auto columns_from = [classes](std::int64_t begin) {
    return classes - begin < kBlock ? classes - begin : kBlock;
  };
  RowSums<C> row;
  C maximum = BlockMaximum(d, z, columns_from(0));
  for (std::int64_t b = 0; b < Blocks(classes); ++b) {
    const std::int64_t begin = b * kBlock;
    const std::int64_t n = columns_from(begin);
    const BlockResult<C> block = ReduceBlock<kNeeds>(
        d, z + begin, n, maximum, exps + (kNeeds.exps ? begin : 0), columns_from(begin + n));
    if constexpr (kNeeds.exps) block_maxima[b] = static_cast<double>(maximum);
    AddBlock<kNeeds>(block.sums, b, row);
    maximum = block.next_maximum;
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
