// A long row with everything that the cross-entropy's options can ask of its first pass: logits that are made
// from others, and sums besides that of the exponentials. All by flags that a row does not change: predicted,
// they cost next to nothing beside the vectors' work.
#if defined(XENT_HOST_CPU_ROW_TERMS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_TERMS_INL_H_
#undef XENT_HOST_CPU_ROW_TERMS_INL_H_
#else
#define XENT_HOST_CPU_ROW_TERMS_INL_H_
#endif

#include <cmath>

#include "host/cpu/row_normaliser-inl.h"
#include "host/cpu/tanh-inl.h"
#include "kernels/formulas/row_sums.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Logits as they are, or made from them: u = x·of_logit + bias, or tanh(u). The made ones stay in the
/// second-level cache for the passes that follow.
template <class D, class T>
struct MadeLogits {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  const T* at = nullptr;
  C* made = nullptr;  ///< null where the logits are read as they are
  C of_logit = C{1};
  const C* bias = nullptr;
  bool capped = false;
  C lowest = C{0};  ///< smallest and largest u of what is capped
  C highest = C{0};

  HWY_INLINE V Whole(std::int64_t c) const {
    return made != nullptr ? hn::LoadU(D(), made + c) : LoadVector(D(), at + c);
  }
  HWY_INLINE V Part(std::int64_t c, std::size_t count) const {
    return made != nullptr ? LoadPart(D(), made + c, count, MinusInfinity<C>())
                           : LoadPart(D(), at + c, count, MinusInfinity<T>());
  }
  HWY_INLINE void Fetch(std::int64_t c, std::int64_t count) const {
    if (made == nullptr) PrefetchAhead(at + c, count);
  }
  C One(std::int64_t c) const { return made != nullptr ? made[c] : static_cast<C>(at[c]); }

  HWY_INLINE V Linear(V x, V b) const { return hn::MulAdd(x, hn::Set(D(), of_logit), b); }
  HWY_INLINE V LinearWhole(std::int64_t c) const {
    return Linear(LoadVector(D(), at + c), bias != nullptr ? hn::LoadU(D(), bias + c) : hn::Zero(D()));
  }
  HWY_INLINE V LinearPart(std::int64_t c, std::size_t count) const {
    const auto b = bias != nullptr ? LoadPart(D(), bias + c, count, C{0}) : hn::Zero(D());
    return Linear(LoadPart(D(), at + c, count, T(0.0F)), b);
  }

  void Prepare(std::int64_t begin, std::int64_t end) {
    if (made == nullptr) return;
    if (capped) {
      Cap(begin, end);
    } else {
      Shift(begin, end);
    }
  }

 private:
  HWY_NOINLINE void Shift(std::int64_t begin, std::int64_t end) const {
    const D d;
    const MadeLogits row = *this;  // a local: its members stay in registers
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    std::int64_t c = begin;
    for (; c + lanes <= end; c += lanes) {
      PrefetchAhead(row.at + c, lanes);
      hn::StoreU(row.LinearWhole(c), d, row.made + c);
    }
    if (c < end) {
      const auto count = static_cast<std::size_t>(end - c);
      StorePart(d, row.LinearPart(c, count), row.made + c, count);
    }
  }

  HWY_NOINLINE void Cap(std::int64_t begin, std::int64_t end) {
    const D d;
    const MadeLogits row = *this;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    V low = hn::Set(d, lowest);
    V high = hn::Set(d, highest);
    std::int64_t c = begin;
    for (; c + lanes <= end; c += lanes) {
      PrefetchAhead(row.at + c, lanes);
      const V u = row.LinearWhole(c);
      low = hn::Min(low, u);
      high = hn::Max(high, u);
      hn::StoreU(TanhKeepingMasked(d, u), d, row.made + c);
    }
    if (c < end) {
      const auto count = static_cast<std::size_t>(end - c);
      const V u = hn::IfThenElseZero(hn::FirstN(d, count), row.LinearPart(c, count));
      low = hn::Min(low, u);
      high = hn::Max(high, u);
      StorePart(d, TanhKeepingMasked(d, u), row.made + c, count);
    }
    lowest = hn::GetLane(hn::MinOfLanes(d, low));
    highest = hn::GetLane(hn::MaxOfLanes(d, high));
  }
};

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

/// Sums of x, the exponentials' exponents, without looking for masked classes: where there are some that
/// matter the sums come out infinite or NaN, and the row is to be summed carefully.
template <class D, class T>
class RowTerms {
 public:
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  using Inputs = TermInputs<D, T>;
  static constexpr bool kAny = true;

  struct Block {
    V entropy = hn::Zero(D());  // Σ exp(x)·x
    V spread = entropy;         // Σ w·x
    V given = entropy;          // Σ q·x
    V given_weight = entropy;   // Σ q
    V target = entropy;         // Σ w·q·x
    V target_weight = entropy;  // Σ w·q

    HWY_INLINE void Add(const Inputs& in, std::int64_t c, V x, V e) {
      const D d;
      if (in.entropy) AddEntropy(x, e);
      const auto w = [&]() HWY_ATTR { return hn::LoadU(d, in.weights + c); };
      if (in.spread) spread = in.weights != nullptr ? hn::MulAdd(w(), x, spread) : hn::Add(spread, x);
      if (in.probs == nullptr) return;
      const V q = LoadVector(d, in.probs + c);
      given = hn::MulAdd(q, x, given);
      given_weight = hn::Add(given_weight, q);
      if (in.weights == nullptr) return;
      const V wq = hn::Mul(w(), q);
      target = hn::MulAdd(wq, x, target);
      target_weight = hn::Add(target_weight, wq);
    }
    HWY_INLINE void AddPart(const Inputs& in, std::int64_t c, std::size_t count, V x, V e) {
      const D d;
      if (in.entropy) AddEntropy(x, e);
      x = hn::IfThenElseZero(hn::FirstN(d, count), x);
      const V w = in.weights != nullptr ? LoadPart(d, in.weights + c, count, C{0}) : hn::Set(d, C{1});
      if (in.spread) spread = hn::MulAdd(w, x, spread);
      if (in.probs == nullptr) return;
      const V q = LoadPart(d, in.probs + c, count, T(0.0F));
      given = hn::MulAdd(q, x, given);
      given_weight = hn::Add(given_weight, q);
      const V wq = hn::Mul(w, q);
      target = hn::MulAdd(wq, x, target);
      target_weight = hn::Add(target_weight, wq);
    }
    /// Far below the maximum x is cut off, where the exponential is exactly 0.
    HWY_INLINE void AddEntropy(V x, V e) { entropy = hn::MulAdd(e, AboveLowest(D(), x), entropy); }
  };

  RowTerms(const Inputs& inputs_, double weight_sum) : inputs(inputs_), weight_sum_(weight_sum) {}

  Inputs inputs;

  void NewMaximum() {
    entropy_others_ += entropy_of_max_block_;
    entropy_of_max_block_ = 0.0;
  }
  template <class Sums>
  HWY_INLINE void Take(const Sums& block, bool of_maximum) {
    const D d;
    const auto total = [&](V even, V odd) HWY_ATTR { return Total(d, hn::Add(even, odd)); };
    const Block& a = block.terms_even;
    const Block& b = block.terms_odd;
    if (inputs.entropy) (of_maximum ? entropy_of_max_block_ : entropy_others_) += total(a.entropy, b.entropy);
    if (inputs.spread) spread_ += total(a.spread, b.spread);
    if (inputs.probs == nullptr) return;
    given_ += total(a.given, b.given);
    given_weight_ += total(a.given_weight, b.given_weight);
    target_ += total(a.target, b.target);
    target_weight_ += total(a.target_weight, b.target_weight);
  }
  /// Counts what was summed before column `begin` from a reference that is higher by `step`.
  void Rebase(std::int64_t begin, double step, double shrink, double exps) {
    entropy_others_ = shrink * (entropy_others_ - step * exps);
    if (inputs.spread && begin > 0) {
      const bool known = inputs.weights == nullptr;  // what the weights before it add up to
      spread_ -= known ? step * static_cast<double>(begin) : std::numeric_limits<double>::quiet_NaN();
    }
    given_ -= step * given_weight_;
    target_ -= step * target_weight_;
  }
  /// All of it, counted from the maximum, which is higher by `step`; `confident` where the maximum's block
  /// was summed again.
  void Finish(double step, double shrink, double others, double of_max_block,
              const ConfidentSums* confident) {
    const double here = confident != nullptr ? confident->entropy_gap
                                             : shrink * (step * of_max_block - entropy_of_max_block_);
    entropy_gap_ = shrink * (step * others - entropy_others_) + here;
    spread_ = weight_sum_ * step - spread_;
    given_ = given_weight_ * step - given_;
    target_ = target_weight_ * step - target_;
  }

  formulas::RowSums<double> Sums(const MaxRest& state, std::int64_t classes) const {
    formulas::RowSums<double> sums{.max = state.max, .rest = state.rest};
    sums.entropy_gap = entropy_gap_;
    if (inputs.spread) sums.spread = {spread_, weight_sum_};
    sums.unmasked = static_cast<double>(classes);
    sums.given = {given_, given_weight_};
    sums.target =
        inputs.weights != nullptr ? formulas::WeightedGap<double>{target_, target_weight_} : sums.given;
    return sums;
  }

 private:
  double weight_sum_;
  double entropy_others_ = 0.0;
  double entropy_of_max_block_ = 0.0;
  double entropy_gap_ = 0.0;
  double spread_ = 0.0;
  double given_ = 0.0;
  double given_weight_ = 0.0;
  double target_ = 0.0;
  double target_weight_ = 0.0;
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_TERMS_INL_H_
