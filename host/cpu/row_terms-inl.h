// What the cross-entropy's options can ask of a long row's first pass besides the sum of its exponentials. It
// is added up block by block, in loops of its own on what lies in the first-level cache, so that the loop
// that waits for memory stays what it is.
#if defined(XENT_HOST_CPU_ROW_TERMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_TERMS_INL_H_
#undef XENT_HOST_CPU_ROW_TERMS_INL_H_
#else
#define XENT_HOST_CPU_ROW_TERMS_INL_H_
#endif

#include <cmath>

#include "host/cpu/row_logits-inl.h"
#include "host/cpu/row_normaliser-inl.h"
#include "kernels/formulas/row_sums.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// What a row's further sums are of.
template <class D, class T>
struct TermInputs {
  using C = hn::TFromD<D>;
  const C* weights = nullptr;  ///< w; null for ones
  const T* probs = nullptr;    ///< q of a soft target; null without
  bool entropy = false;
  bool spread = false;  ///< sums over all classes, for smoothing

  HWY_INLINE void Fetch(std::int64_t c, std::int64_t count) const {
    if (probs != nullptr) PrefetchAhead(probs + c, count);
  }
};

/// Sums of x = scale·y - reference and of its weights over a block, without looking for masked classes.
template <class D, class T>
struct LinearSums {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  V spread = hn::Zero(D());  // Σ w·x
  V given = spread;          // Σ q·x
  V given_weight = spread;   // Σ q
  V target = spread;         // Σ w·q·x
  V target_weight = spread;  // Σ w·q

  // Written out: an implicit constructor would not be compiled for the target.
  LinearSums() {}

  template <bool kWeights, bool kProbs>
  HWY_INLINE void Add(V x, V w, V q) {
    if constexpr (kWeights) spread = hn::MulAdd(w, x, spread);
    if constexpr (!kProbs) return;
    given = hn::MulAdd(q, x, given);
    given_weight = hn::Add(given_weight, q);
    if constexpr (!kWeights) return;
    const V wq = hn::Mul(w, q);
    target = hn::MulAdd(wq, x, target);
    target_weight = hn::Add(target_weight, wq);
  }
};

/// The block's totals: spread, given and its weight, target and its weight.
template <bool kWeights, bool kProbs, class D, class T, class C = hn::TFromD<D>>
HWY_NOINLINE void AddLinear(D d, MadeLogits<D, T> row, TermInputs<D, T> in, std::int64_t begin,
                            std::int64_t n, C scale, C reference, double* total) {
  using V = hn::Vec<D>;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  LinearSums<D, T> s0, s1, s2,
      s3;  // as many as hide an addition's latency; no array, which would lie in memory
  const V zero = hn::Zero(d);
  const auto add = [&](std::int64_t at, LinearSums<D, T>& to) HWY_ATTR {
    V w = zero, q = zero;
    if constexpr (kWeights) w = hn::LoadU(d, in.weights + at);
    if constexpr (kProbs) q = LoadVector(d, in.probs + at);
    const V x = hn::MulSub(row.Whole(at), hn::Set(d, scale), hn::Set(d, reference));
    to.template Add<kWeights, kProbs>(x, w, q);
  };
  const std::int64_t end = begin + n;
  std::int64_t c = begin;
  for (; c + 4 * lanes <= end; c += 4 * lanes) {
    add(c, s0);
    add(c + lanes, s1);
    add(c + 2 * lanes, s2);
    add(c + 3 * lanes, s3);
  }
  for (; c + lanes <= end; c += lanes) add(c, s0);
  if (c < end) {
    const auto count = static_cast<std::size_t>(end - c);
    V w = zero, q = zero;
    if constexpr (kWeights) w = LoadPart(d, in.weights + c, count, C{0});
    if constexpr (kProbs) q = LoadPart(d, in.probs + c, count, T(0.0F));
    const V x = hn::MulSub(row.Part(c, count), hn::Set(d, scale), hn::Set(d, reference));
    s3.template Add<kWeights, kProbs>(hn::IfThenElseZero(hn::FirstN(d, count), x), w, q);
  }
  const auto all = [&](V v0, V v1, V v2, V v3)
                       HWY_ATTR { return Total(d, hn::Add(hn::Add(v0, v1), hn::Add(v2, v3))); };
  if constexpr (kWeights) total[0] += all(s0.spread, s1.spread, s2.spread, s3.spread);
  if constexpr (!kProbs) return;
  total[1] += all(s0.given, s1.given, s2.given, s3.given);
  total[2] += all(s0.given_weight, s1.given_weight, s2.given_weight, s3.given_weight);
  if constexpr (!kWeights) return;
  total[3] += all(s0.target, s1.target, s2.target, s3.target);
  total[4] += all(s0.target_weight, s1.target_weight, s2.target_weight, s3.target_weight);
}

/// What a row adds up to besides its exponentials. Where there are masked classes that matter the sums come
/// out infinite or NaN, and are to be taken carefully.
template <class D, class T, bool kWithEntropy>
class RowTerms {
 public:
  using C = hn::TFromD<D>;
  using Inputs = TermInputs<D, T>;
  static constexpr bool kAny = true;
  static constexpr bool kEntropy = kWithEntropy;

  RowTerms(const Inputs& inputs_, double weight_sum) : inputs(inputs_), weight_sum_(weight_sum) {}

  Inputs inputs;

  void Take(double entropy) { entropy_others_ += entropy; }
  /// Of the block that holds the maximum so far.
  void TakeMaximum(double entropy) {
    entropy_others_ += entropy_of_max_block_;
    entropy_of_max_block_ = entropy;
  }
  /// `linear` is the block's Σ x.
  void AddBlock(const MadeLogits<D, T>& row, std::int64_t begin, std::int64_t n, C scale, C reference,
                double linear) {
    const auto add = [&]<bool kWeights, bool kProbs>() {
      AddLinear<kWeights, kProbs>(D(), row, inputs, begin, n, scale, reference, linear_);
    };
    const bool probs = inputs.probs != nullptr;
    if (inputs.weights == nullptr) {
      linear_[0] += linear;
      if (probs) add.template operator()<false, true>();
    } else if (probs) {
      add.template operator()<true, true>();
    } else {
      add.template operator()<true, false>();
    }
  }
  /// Counts what was summed before column `begin` from a reference that is higher by `step`; that of the
  /// maximum's block is still to be replaced.
  void Rebase(std::int64_t begin, double step, double shrink, double exps) {
    entropy_others_ = shrink * (entropy_others_ + entropy_of_max_block_ - step * exps);
    entropy_of_max_block_ = 0.0;
    if (inputs.spread && begin > 0) {
      const bool known = inputs.weights == nullptr;  // what the weights before it add up to
      linear_[0] -= known ? step * static_cast<double>(begin) : std::numeric_limits<double>::quiet_NaN();
    }
    linear_[1] -= step * linear_[2];
    linear_[3] -= step * linear_[4];
  }
  /// All of it, counted from the maximum, which is higher by `step`; `confident` where the maximum's block
  /// was summed again.
  void Finish(double step, double shrink, double others, double of_max_block,
              const ConfidentSums* confident) {
    const double here = confident != nullptr ? confident->entropy_gap
                                             : shrink * (step * of_max_block - entropy_of_max_block_);
    entropy_gap_ = shrink * (step * others - entropy_others_) + here;
    step_ = step;
  }
  void TakeEntropyGap(double gap) { entropy_gap_ = gap; }

  formulas::RowSums<double> Sums(const MaxRest& state, std::int64_t classes) const {
    formulas::RowSums<double> sums{.max = state.max, .rest = state.rest};
    if constexpr (kEntropy) sums.entropy_gap = entropy_gap_;
    if (inputs.spread) sums.spread = {weight_sum_ * step_ - linear_[0], weight_sum_};
    sums.unmasked = static_cast<double>(classes);
    if (inputs.probs == nullptr) return sums;
    sums.given = {linear_[2] * step_ - linear_[1], linear_[2]};
    sums.target = sums.given;
    if (inputs.weights != nullptr) sums.target = {linear_[4] * step_ - linear_[3], linear_[4]};
    return sums;
  }

 private:
  double weight_sum_;
  double step_ = 0.0;
  double entropy_others_ = 0.0;
  double entropy_of_max_block_ = 0.0;
  double entropy_gap_ = 0.0;
  double linear_[5] = {};  ///< see AddLinear
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_TERMS_INL_H_
