// The first pass over a long row: its (max, rest), from one read of memory.
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

/// Columns that are summed in the compute type before they go into a double.
inline constexpr std::int64_t kBlock = 2048;

/// Fetches what lies ahead, so that memory never waits. It may reach past the row: a prefetch never faults,
/// and there lies the next row.
template <class T>
HWY_INLINE void PrefetchAhead(const T* at, std::int64_t count) {
  constexpr std::uintptr_t kLine = 64;
  constexpr std::uintptr_t kAhead = 8192;
  const auto begin = reinterpret_cast<std::uintptr_t>(at) + kAhead;
  const auto end = begin + static_cast<std::uintptr_t>(count) * sizeof(T);
  for (auto line = begin; line < end; line += kLine) {
    hwy::Prefetch(reinterpret_cast<const void*>(line));
  }
}

template <class D>
HWY_INLINE double Total(D d, hn::Vec<D> v) {
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, v)));
}

/// Gaps are summed in this unit, a power of two: a block's sum overflows only where one gap does.
template <class C>
inline constexpr C kGapUnit = C{1} / kBlock;

/// What a block adds up to, lane by lane, in an order that column numbers alone decide. Exponentials and gaps
/// count from the reference, a number near the row's maximum that is known before the block is read.
template <class D, bool kSmoothed>
struct BlockSums {
  using V = hn::Vec<D>;
  using C = hn::TFromD<D>;
  D d{};
  V reference;
  V even = hn::Zero(d);  // Σ exp(z - reference), over every other vector
  V odd = hn::Zero(d);
  V max_even = hn::Set(d, MinusInfinity<C>());
  V max_odd = max_even;
  V gap_even = even;  // Σ over unmasked classes of reference - z
  V gap_odd = even;
  V unmasked = even;  // classes whose logit is not -inf

  // Written out: an implicit constructor would not be compiled for the target.
  explicit BlockSums(C reference_) : reference(hn::Set(D(), reference_)) {}

  HWY_INLINE void Add(V z, V& sum, V& max, V& gap) {
    max = hn::Max(max, z);
    sum = hn::Add(sum, ExpNotAbove(d, hn::Sub(z, reference)));
    if constexpr (kSmoothed) {
      const auto present = hn::Gt(z, hn::Set(d, MinusInfinity<C>()));
      gap = hn::MulAdd(hn::IfThenElseZero(present, hn::Sub(reference, z)), hn::Set(d, kGapUnit<C>), gap);
      unmasked = hn::Add(unmasked, hn::IfThenElseZero(present, hn::Set(d, C{1})));
    }
  }
  HWY_INLINE V Max() const { return hn::Max(max_even, max_odd); }
  HWY_INLINE double Sum() const { return Total(d, hn::Add(even, odd)); }
};

/// Reads n columns. `meanwhile()` is called before every two vectors of them.
template <bool kSmoothed, class D, class T, class Meanwhile, class C = hn::TFromD<D>>
HWY_INLINE BlockSums<D, kSmoothed> ReadBlock(D d, const T* z, std::int64_t n, C reference,
                                             const Meanwhile& meanwhile) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  BlockSums<D, kSmoothed> sums(reference);
  std::int64_t i = 0;
  for (; i + 2 * lanes <= n; i += 2 * lanes) {
    PrefetchAhead(z + i, 2 * lanes);
    meanwhile();
    const auto z0 = LoadVector(d, z + i);
    const auto z1 = LoadVector(d, z + i + lanes);
    sums.Add(z0, sums.even, sums.max_even, sums.gap_even);
    sums.Add(z1, sums.odd, sums.max_odd, sums.gap_odd);
  }
  if (i + lanes <= n) {
    sums.Add(LoadVector(d, z + i), sums.even, sums.max_even, sums.gap_even);
    i += lanes;
  }
  if (i < n) {
    const auto part = LoadPart(d, z + i, static_cast<std::size_t>(n - i), MinusInfinity<T>());
    sums.Add(part, sums.odd, sums.max_odd, sums.gap_odd);
  }
  return sums;
}

/// A block again, from another reference.
template <bool kSmoothed, class D, class T, class C = hn::TFromD<D>>
HWY_NOINLINE BlockSums<D, kSmoothed> ReadBlockAgain(D d, const T* z, std::int64_t n, C reference) {
  return ReadBlock<kSmoothed>(d, z, n, reference, []() HWY_ATTR {});
}

/// Largest of n columns.
template <class D, class T, class C = hn::TFromD<D>>
HWY_INLINE C Maximum(D d, const T* z, std::int64_t n) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto max = hn::Set(d, MinusInfinity<C>());
  for (std::int64_t i = 0; i < n; i += lanes) {
    max = hn::Max(max, n - i >= lanes
                           ? LoadVector(d, z + i)
                           : LoadPart(d, z + i, static_cast<std::size_t>(n - i), MinusInfinity<T>()));
  }
  return hn::GetLane(hn::MaxOfLanes(d, max));
}

/// Σ exp(z - max) over n columns without one maximum's 1: those below 1 are added up, the others counted.
template <class D, class T, class C = hn::TFromD<D>>
HWY_NOINLINE double ConfidentRest(D d, const T* z, std::int64_t n, C max) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto one = hn::Set(d, C{1});
  auto below = hn::Zero(d);
  auto ones = hn::Zero(d);
  for (std::int64_t i = 0; i < n; i += lanes) {
    const auto v = n - i >= lanes ? LoadVector(d, z + i)
                                  : LoadPart(d, z + i, static_cast<std::size_t>(n - i), MinusInfinity<T>());
    const auto e = ExpNotAbove(d, hn::Sub(v, hn::Set(d, max)));
    const auto is_one = hn::Ge(e, one);
    below = hn::Add(below, hn::IfThenZeroElse(is_one, e));
    ones = hn::Add(ones, hn::IfThenElseZero(is_one, one));
  }
  return Total(d, below) + (Total(d, ones) - 1.0);
}

/// What is known of a row.
struct RowSums {
  MaxRest state{};
  double gap = 0.0;            ///< Σ over unmasked classes of max - z; only if smoothed
  double unmasked = 0.0;       ///< classes whose logit is not -inf; only if smoothed
  std::int64_t max_block = 0;  ///< first block that holds the maximum
};

/// Adds up a row block by block.
///
/// The exponentials' reference is the maximum of the row's first columns, so that every column is read once;
/// a block with much larger logits is read again, its maximum being the reference from there on. The block
/// that holds the row's maximum is kept apart: in a row that is sure of its class all else is lost against
/// that exponential, and the block is then added up again without it.
template <bool kSmoothed, class D, class T>
class RowNormaliser {
 public:
  using C = hn::TFromD<D>;

  RowNormaliser(const T* z, std::int64_t classes)
      : z_(z), classes_(classes), reference_(Maximum(D(), z, HWY_MIN(classes, kSample))) {
    if (reference_ == MinusInfinity<C>()) reference_ = Maximum(D(), z, classes);
    // Against -inf every exponential would be NaN; against 0 those of a fully masked row are 0.
    if (reference_ == MinusInfinity<C>()) reference_ = C{0};
  }

  template <class Meanwhile>
  HWY_INLINE RowSums Run(const Meanwhile& meanwhile) {
    const D d;
    for (std::int64_t begin = 0; begin < classes_; begin += kBlock) {
      auto block = ReadBlock<kSmoothed>(d, z_ + begin, Columns(begin), reference_, meanwhile);
      const auto higher = hn::Gt(block.Max(), hn::Set(d, max_));
      if (HWY_UNLIKELY(!hn::AllFalse(d, higher))) {
        max_ = hn::GetLane(hn::MaxOfLanes(d, block.Max()));
        row_.max_block = begin / kBlock;
        others_ += of_max_block_;
        if (max_ - reference_ > kFarthest) {
          Rebase();
          block = ReadBlockAgain<kSmoothed>(d, z_ + begin, Columns(begin), reference_);
        }
        of_max_block_ = block.Sum();
      } else {
        others_ += block.Sum();
      }
      if constexpr (kSmoothed) {
        row_.gap += Total(d, hn::Add(block.gap_even, block.gap_odd));
        row_.unmasked += Total(d, block.unmasked);
      }
    }
    return Finish();
  }

 private:
  static constexpr std::int64_t kSample = 256;
  /// An exponential's error grows with the distance from the reference, so the maximum is kept near it.
  static constexpr C kFarthest = C{4};
  /// Below this rest a sum that holds the maximum's 1 has lost more than a bit of it.
  static constexpr double kConfident = 1.0;

  std::int64_t Columns(std::int64_t begin) const { return HWY_MIN(kBlock, classes_ - begin); }

  void Rebase() {
    const double step = static_cast<double>(max_) - static_cast<double>(reference_);
    others_ *= std::exp(-step);
    row_.gap += row_.unmasked * step * static_cast<double>(kGapUnit<C>);
    reference_ = max_;
  }

  RowSums Finish() {
    row_.state.max = static_cast<double>(max_);
    const double step = row_.state.max - static_cast<double>(reference_);
    const double shrink = step == 0.0 ? 1.0 : std::exp(-step);
    row_.state.rest = (others_ + of_max_block_) * shrink - 1.0;
    if (row_.state.rest < kConfident) {
      const std::int64_t begin = row_.max_block * kBlock;
      row_.state.rest = others_ * shrink + ConfidentRest(D(), z_ + begin, Columns(begin), max_);
    }
    if constexpr (kSmoothed) row_.gap = row_.gap / static_cast<double>(kGapUnit<C>) + row_.unmasked * step;
    if (max_ == MinusInfinity<C>()) {  // nothing but masked classes: there is no distribution
      row_.state.rest = std::numeric_limits<double>::quiet_NaN();
    }
    return row_;
  }

  const T* z_;
  std::int64_t classes_;
  C reference_;
  C max_ = MinusInfinity<C>();
  double others_ = 0.0;        // Σ exp(z - reference) over all blocks but the one with the maximum
  double of_max_block_ = 0.0;  // and over that
  RowSums row_{};
};

/// The sums of a whole row. `meanwhile()` is called before every two vectors that are read.
template <bool kSmoothed, class T, class Meanwhile>
HWY_INLINE RowSums NormaliseRow(const T* z, std::int64_t classes, const Meanwhile& meanwhile) {
  RowNormaliser<kSmoothed, hn::ScalableTag<Compute<T>>, T> row(z, classes);
  return row.Run(meanwhile);
}

/// Lowest class with the largest logit; the first NaN if there is one.
template <class T>
HWY_INLINE std::int64_t ArgMax(const T* z, std::int64_t classes, const RowSums& row) {
  using C = Compute<T>;
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
