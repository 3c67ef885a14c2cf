// The gradient of a long row in its quick form, and what the fused call and the backward share around it.
#if defined(XENT_HOST_CPU_ROW_GRADIENT_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_GRADIENT_INL_H_
#undef XENT_HOST_CPU_ROW_GRADIENT_INL_H_
#else
#define XENT_HOST_CPU_ROW_GRADIENT_INL_H_
#endif

#include "host/cpu/cross_entropy_job.hpp"
#include "host/cpu/row_careful-inl.h"
#include "host/cpu/row_formulas.hpp"
#include "host/cpu/row_kept-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// What a gradient reads at a vector's columns, all of which exist.
template <class D>
struct WholeAt {
  std::int64_t c = 0;

  template <class E>
  HWY_INLINE hn::Vec<D> Load(const E* from) const {
    return LoadVector(D(), from + c);
  }
  template <class Row>
  HWY_INLINE hn::Vec<D> Logits(const Row& row) const {
    return row.Whole(c);
  }
};
/// Of which only so many exist.
template <class D>
struct PartAt {
  std::int64_t c = 0;
  std::size_t count = 0;

  template <class E>
  HWY_INLINE hn::Vec<D> Load(const E* from) const {
    return LoadPart(D(), from + c, count, E(0.0F));
  }
  template <class Row>
  HWY_INLINE hn::Vec<D> Logits(const Row& row) const {
    return row.Part(c, count);
  }
};

/// of_exp · a kept exponential - share, and of a softcap's tanh its slope times that. A share of 0 changes no
/// bit.
template <class D, class T, class Row = MadeLogits<D, T>>
struct SharedExp {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  Row logits{};
  const C* exps = nullptr;
  C of_exp = C{0};
  C share = C{0};

  template <class At>
  HWY_INLINE V Of(const At& at) const {
    const D d;
    const V g = hn::MulSub(at.Load(exps), hn::Set(d, of_exp), hn::Set(d, share));
    if constexpr (!Row::kMade) return g;
    const V y = at.Logits(logits);
    return hn::NegMulAdd(hn::Mul(y, y), g, g);  // 1 - tanh²
  }
  HWY_INLINE V Whole(std::int64_t c) const { return Of(WholeAt<D>{c}); }
  HWY_INLINE V Part(std::int64_t c, std::size_t count) const { return Of(PartAt<D>{c, count}); }
};

/// For rows in which no class that smoothing looks at is masked, no softcap is saturated, and no focal loss
/// is taken of several classes. Its flags do not change within a call.
template <class D, class T>
struct QuickGradient {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  SharedExp<D, T> exp{};  ///< with a share only where it is the same for all classes
  TermInputs<D, T> in{};
  C scale = C{1};
  C top = C{0};
  C of_exp_gap = C{0};
  C share = C{0};  ///< to be weighted
  C of_target = C{0};
  C of_given = C{0};
  bool per_class = false;

  template <class At>
  HWY_INLINE V Of(const At& at) const {
    const D d;
    V g;
    if (in.entropy) {  // the difference first: it is exactly 0 at the maximum
      const V y = at.Logits(exp.logits);
      const V x = AboveLowest(d, hn::Mul(hn::Sub(y, hn::Set(d, top)), hn::Set(d, scale)));
      const V of_exp = hn::NegMulAdd(hn::Set(d, of_exp_gap), x, hn::Set(d, exp.of_exp));
      g = hn::MulSub(at.Load(exp.exps), of_exp, hn::Set(d, exp.share));
    } else {
      g = exp.Of(at);
    }
    if (per_class) {
      V of_q = hn::Set(d, of_given);
      if (in.weights != nullptr) {
        const V w = at.Load(in.weights);
        g = hn::NegMulAdd(w, hn::Set(d, share), g);
        of_q = hn::NegMulAdd(w, hn::Set(d, of_target), of_q);
      }
      if (in.probs != nullptr) g = hn::MulAdd(at.Load(in.probs), of_q, g);
    }
    if (!exp.logits.capped) return g;
    const V y = at.Logits(exp.logits);
    return hn::NegMulAdd(hn::Mul(y, y), g, g);  // 1 - tanh²
  }
  HWY_INLINE V Whole(std::int64_t c) const { return Of(WholeAt<D>{c}); }
  HWY_INLINE V Part(std::int64_t c, std::size_t count) const { return Of(PartAt<D>{c, count}); }
};

/// Where a softcap goes beyond this, 1 - tanh² has lost too much of itself.
inline constexpr double kSaturated = 2.0;

template <class D, class T>
bool Saturated(const MadeLogits<D, T>& logits) {
  return logits.capped && !(logits.highest <= kSaturated);
}

/// Where row r's logits lie, or are to be made.
template <class D, class T>
MadeLogits<D, T> MakeLogits(const CrossEntropyJob& job, std::int64_t r, Scratch& packed, Scratch& made) {
  using C = hn::TFromD<D>;
  const CpuTransform& transform = job.transform;
  MadeLogits<D, T> logits{.at = read_row<T>(job.logits, r, packed)};
  if constexpr (std::is_same_v<T, C>) logits.read = logits.at;
  if (!transform.made) return logits;
  logits.of_logit = static_cast<C>(transform.of_logit);
  logits.bias = static_cast<const C*>(transform.bias);
  logits.capped = transform.capped;
  logits.shifted = !transform.capped;
  if (transform.capped) logits.made = made.get<C>(static_cast<std::size_t>(job.classes()));
  if (transform.capped) logits.read = logits.made;
  return logits;
}

template <class D, class T>
TermInputs<D, T> MakeInputs(const CrossEntropyJob& job, std::int64_t r, Scratch& packed) {
  return {.weights = static_cast<const hn::TFromD<D>*>(job.weights),
          .probs = job.soft() ? read_row<T>(job.target.probs, r, packed) : nullptr,
          .entropy = job.upstream.entropy.given(),
          .spread = job.smoothed()};
}

/// A row whose classes are seen from high + low, with 1 + rest the sum of their exponentials.
template <class D, class T, class C = hn::TFromD<D>>
KnownRow<D, T> SeenFrom(const CrossEntropyJob& job, const MadeLogits<D, T>& logits,
                        const TermInputs<D, T>& in, C high, double low, double rest) {
  KnownRow<D, T> row{.logits = logits,
                     .in = in,
                     .scale = static_cast<C>(job.transform.scale),
                     .high = high,
                     .low = low == low ? static_cast<C>(low) : C{0},
                     .log_sum = static_cast<C>(std::log1p(rest)),
                     .inverse_sum = static_cast<C>(1.0 / (1.0 + rest)),
                     .gamma = static_cast<C>(job.options.focal_gamma)};
  row.TakeDominant(rest / (1.0 + rest));
  return row;
}

/// The careful form of a row's gradient; without the slope that is the same for all classes it would be z's.
template <class D, class T>
CarefulGradient<D, T> MakeCareful(const KnownRow<D, T>& row, const RowGradient& gradient, double slope) {
  using C = hn::TFromD<D>;
  return {.row = row,
          .of_prob = static_cast<C>(slope * gradient.of_prob),
          .of_prob_gap = static_cast<C>(slope * gradient.of_prob_gap),
          .share = static_cast<C>(slope * gradient.share),
          .of_target = static_cast<C>(slope * gradient.of_target),
          .of_given = static_cast<C>(slope * gradient.of_given)};
}

/// Of a focal loss of several classes: replaces the row's loss and pull, and returns the pull of all classes
/// but the special one.
template <class D, class T>
double TakeFocal(const CrossEntropyJob& job, const KnownRow<D, T>& row, const formulas::RowSums<double>& sums,
                 const Special& special, RowLoss& result) {
  const double keep = 1.0 - job.options.label_smoothing;
  const FocalSums rest = SumFocal(row, job.classes(), result.share, keep, special.at);
  result.loss = rest.loss;
  result.pull = rest.pull;
  if (special.at < 0) return rest.pull;
  const Label& label = special.label;
  const double others = label.others_sum / sums.sum();
  const formulas::Focal<double> focal(job.options.focal_gamma, others,
                                      formulas::log_loss(others, label.gap + result.log_sum));
  const double t = label.weight * (keep * special.q + (label.masked ? 0.0 : result.share));
  result.loss += formulas::times(t, focal.loss);
  result.pull += t * focal.pull;
  return rest.pull;
}

/// All that is known of a row once it has been read.
template <class D, class T, class Row = MadeLogits<D, T>>
struct KnownLoss {
  Row logits{};
  TermInputs<D, T> in{};
  RowSums found{};
  RowTotals sums{};
  RowLoss loss{};
  Special special{};
  OthersPull others{};   ///< where at_special takes it
  bool careful = false;  ///< no quick gradient
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_GRADIENT_INL_H_
