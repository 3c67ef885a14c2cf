// The first pass over a long row: its (max, rest), from one read of memory.
#if defined(XENT_HOST_CPU_ROW_NORMALISER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_NORMALISER_INL_H_
#undef XENT_HOST_CPU_ROW_NORMALISER_INL_H_
#else
#define XENT_HOST_CPU_ROW_NORMALISER_INL_H_
#endif

#include <cmath>

#include "host/cpu/max_rest.hpp"
#include "host/cpu/row_block-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Largest of the first n columns.
template <class D, class Row>
HWY_INLINE hn::TFromD<D> Maximum(D d, const Row& row, std::int64_t n) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto max = hn::Set(d, MinusInfinity<hn::TFromD<D>>());
  auto max1 = max, max2 = max, max3 = max;  // of four at once: each maximum waits for the one before
  std::int64_t c = 0;
  for (; c + 4 * lanes <= n; c += 4 * lanes) {
    max = hn::Max(max, row.Whole(c));
    max1 = hn::Max(max1, row.Whole(c + lanes));
    max2 = hn::Max(max2, row.Whole(c + 2 * lanes));
    max3 = hn::Max(max3, row.Whole(c + 3 * lanes));
  }
  for (; c < n; c += lanes) {
    max = hn::Max(max, n - c >= lanes ? row.Whole(c) : row.Part(c, static_cast<std::size_t>(n - c)));
  }
  return hn::GetLane(hn::MaxOfLanes(d, hn::Max(hn::Max(max, max1), hn::Max(max2, max3))));
}

/// Of a block, with every exponential seen from the row's maximum.
struct ConfidentSums {
  double below = 0.0;        ///< Σ exp(z - max) where that is less than 1
  double ones = 0.0;         ///< how many others there are
  double entropy_gap = 0.0;  ///< Σ exp(z - max)·(max - z)

  /// Without the maximum's own 1.
  double rest() const { return below + (ones - 1.0); }
};

template <bool kEntropy, class D, class Row, class C = hn::TFromD<D>>
HWY_NOINLINE ConfidentSums ConfidentBlock(D d, Row row, std::int64_t begin, std::int64_t n, C scale, C max) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto one = hn::Set(d, C{1});
  auto below = hn::Zero(d);
  auto ones = hn::Zero(d);
  auto entropy = hn::Zero(d);
  const std::int64_t end = begin + n;
  for (std::int64_t c = begin; c < end; c += lanes) {
    const auto y = end - c >= lanes ? row.Whole(c) : row.Part(c, static_cast<std::size_t>(end - c));
    // The difference first: it is exactly 0 at the maximum, whatever the scale.
    const auto x = AboveLowest(d, hn::Mul(hn::Sub(y, hn::Set(d, max)), hn::Set(d, scale)));
    const auto e = ExpWithin(d, x);
    const auto is_one = hn::Ge(e, one);
    below = hn::Add(below, hn::IfThenZeroElse(is_one, e));
    ones = hn::Add(ones, hn::IfThenElseZero(is_one, one));
    if constexpr (kEntropy) entropy = hn::NegMulAdd(e, x, entropy);
  }
  return {Total(d, below), Total(d, ones), kEntropy ? Total(d, entropy) : 0.0};
}

/// scale·y - rounded, without an error of its own.
template <class C>
double LeftByRounding(double scale, double y, C rounded) {
  return std::fma(scale, y, -static_cast<double>(rounded));
}

/// An exponential's error grows with the distance from the reference, so the maximum is kept near it.
inline constexpr double kFarthest = 4.0;

/// What is known of a row.
struct RowSums {
  MaxRest state{};
  double top = 0.0;            ///< largest y
  std::int64_t max_block = 0;  ///< first block that holds it
  double shrink = 1.0;         ///< exp(reference - max), of exponentials counted from the last reference
  bool coarse = false;         ///< one was too far from the logit it was to be

  /// What turns those exponentials into probabilities.
  double of_exp() const { return shrink / state.sum(); }
};

/// Adds up a row block by block: z = scale·y for what `row` reads.
///
/// The exponentials' reference is the maximum of the row's first columns, so that every column is read once;
/// a block with much larger logits is read again, its maximum being the reference from there on. The block
/// that holds the row's maximum is kept apart: in a row that is sure of its class all else is lost against
/// that exponential, and the block is then added up again without it.
template <class D, class Row, class Terms>
class RowNormaliser {
 public:
  using C = hn::TFromD<D>;

  RowNormaliser(const Row& row, const Terms& terms, std::int64_t classes, C scale)
      : row_(row), terms_(terms), classes_(classes), scale_(scale) {}

  template <class Meanwhile>
  HWY_INLINE RowSums Run(Meanwhile& meanwhile) {
    const D d;
    FindReference(meanwhile);
    const auto in = terms_.inputs;
    for (std::int64_t begin = 0; begin < classes_; begin += kBlock) {
      Prepare(begin + Columns(begin), meanwhile);
      auto keeper = meanwhile.keeper();
      const auto again = [&]() HWY_ATTR {
        return ReadBlock<Terms>(d, row_, in, begin, Columns(begin), scale_, reference_, keeper);
      };
      auto block = [&]() HWY_ATTR {
        if constexpr (Row::kMade) {
          return again();
        } else {
          return ReadBlock<Terms>(d, row_, in, begin, Columns(begin), scale_, reference_, meanwhile);
        }
      }();
      const auto higher = hn::Gt(block.Max(), hn::Set(d, max_));
      if (HWY_UNLIKELY(!hn::AllFalse(d, higher))) {
        max_ = hn::GetLane(hn::MaxOfLanes(d, block.Max()));
        sums_.max_block = begin / kBlock;
        others_ += of_max_block_;
        if (Scaled(max_) - reference_ > C{kFarthest}) {
          Rebase(begin);
          block = again();
        }
        of_max_block_ = block.Sum();
        if constexpr (Terms::kAny) terms_.TakeMaximum(block.Entropy());
      } else {
        others_ += block.Sum();
        if constexpr (Terms::kAny) terms_.Take(block.Entropy());
      }
      meanwhile.SetReference(begin / kBlock, reference_);
      if constexpr (Terms::kAny) {
        terms_.AddBlock(row_, begin, Columns(begin), scale_, reference_, block.Linear());
      }
    }
    return Finish();
  }

  const Row& row() const { return row_; }
  const Terms& terms() const { return terms_; }

 private:
  static constexpr std::int64_t kSample = 256;
  /// Below this rest a sum that holds the maximum's 1 has lost more than a bit of it.
  static constexpr double kConfident = 1.0;

  std::int64_t Columns(std::int64_t begin) const { return HWY_MIN(kBlock, classes_ - begin); }
  C Scaled(C y) const { return static_cast<C>(static_cast<double>(scale_) * static_cast<double>(y)); }

  template <class Meanwhile>
  HWY_INLINE void Prepare(std::int64_t end, Meanwhile& meanwhile) {
    if (end <= prepared_) return;
    row_.Prepare(prepared_, end, meanwhile);
    prepared_ = end;
  }

  template <class Meanwhile>
  HWY_INLINE void FindReference(Meanwhile& meanwhile) {
    Prepare(HWY_MIN(classes_, kBlock), meanwhile);
    C max = Maximum(D(), row_, HWY_MIN(classes_, kSample));
    if (max == MinusInfinity<C>()) {
      Prepare(classes_, meanwhile);
      max = Maximum(D(), row_, classes_);
    }
    // Against -inf every exponential would be NaN; against 0 those of a fully masked row are 0.
    if (max != MinusInfinity<C>()) SetReference(max);
  }

  void SetReference(C max) {
    reference_ = Scaled(max);
    const double left = LeftByRounding(static_cast<double>(scale_), static_cast<double>(max), reference_);
    sums_.coarse |= std::abs(left) > kFarthest && std::isfinite(reference_);
  }

  void Rebase(std::int64_t begin) {
    const double step = static_cast<double>(Scaled(max_)) - static_cast<double>(reference_);
    const double shrink = std::exp(-step);
    if constexpr (Terms::kAny) terms_.Rebase(begin, step, shrink, others_);
    others_ *= shrink;
    SetReference(max_);
  }

  RowSums Finish() {
    const auto scale = static_cast<double>(scale_);
    sums_.top = static_cast<double>(max_);
    sums_.state.max = scale * sums_.top;
    const double step = LeftByRounding(scale, sums_.top, reference_);
    const double shrink = step == 0.0 ? 1.0 : std::exp(-step);
    sums_.shrink = shrink;
    sums_.state.rest = (others_ + of_max_block_) * shrink - 1.0;
    ConfidentSums confident;
    const bool sure = sums_.state.rest < kConfident;
    if (sure) {
      confident = Confident(sums_.max_block * kBlock);
      sums_.state.rest = others_ * shrink + confident.rest();
    }
    if constexpr (Terms::kAny) {
      terms_.Finish(step, shrink, others_, of_max_block_, sure ? &confident : nullptr);
    }
    if (HWY_UNLIKELY(sums_.coarse)) TakeFromMaximum();
    if (max_ == MinusInfinity<C>()) {  // nothing but masked classes: there is no distribution
      sums_.state.rest = std::numeric_limits<double>::quiet_NaN();
    }
    return sums_;
  }

  ConfidentSums Confident(std::int64_t begin) const {
    return ConfidentBlock<Terms::kEntropy>(D(), row_, begin, Columns(begin), scale_, max_);
  }

  /// Where scaled logits are so large that rounding a reference took it too far from what it stands for.
  HWY_NOINLINE void TakeFromMaximum() {
    ConfidentSums all;
    for (std::int64_t begin = 0; begin < classes_; begin += kBlock) {
      const ConfidentSums block = Confident(begin);
      all.below += block.below;
      all.ones += block.ones;
      all.entropy_gap += block.entropy_gap;
    }
    sums_.state.rest = all.rest();
    if constexpr (Terms::kAny) terms_.TakeEntropyGap(all.entropy_gap);
  }

  Row row_;
  Terms terms_;
  std::int64_t classes_;
  C scale_;
  std::int64_t prepared_ = 0;
  C reference_ = C{0};
  C max_ = MinusInfinity<C>();
  double others_ = 0.0;        // Σ exp(z - reference) over all blocks but the one with the maximum
  double of_max_block_ = 0.0;  // and over that
  RowSums sums_{};
};

/// The sums of a whole row, of `scale` times its logits. `meanwhile()` is called after every two vectors
/// that are read.
template <class T, class Meanwhile>
HWY_INLINE RowSums NormaliseRow(const T* z, std::int64_t classes, Meanwhile& meanwhile,
                                Compute<T> scale = Compute<T>{1}) {
  using D = hn::ScalableTag<Compute<T>>;
  RowNormaliser<D, Logits<D, T>, NoTerms<D>> row({z}, {}, classes, scale);
  return row.Run(meanwhile);
}

/// Lowest class with the largest logit; the first NaN if there is one.
template <class D, class Row>
HWY_NOINLINE std::int64_t ArgMax(D d, Row row, std::int64_t classes, const RowSums& sums) {
  const bool regular = sums.state.rest == sums.state.rest && sums.state.max == sums.state.max;
  if (regular) {
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const auto top = hn::Set(d, static_cast<hn::TFromD<D>>(sums.top));
    std::int64_t c = sums.max_block * kBlock;
    while (c + lanes <= classes && hn::AllFalse(d, hn::Eq(row.Whole(c), top))) c += lanes;
    while (static_cast<double>(row.One(c)) != sums.top) ++c;
    return c;
  }
  // A NaN, +inf or only -inf somewhere.
  std::int64_t best = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    const auto value = row.One(c);
    if (value != value) return c;
    if (value > row.One(best)) best = c;
  }
  return best;
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_NORMALISER_INL_H_
