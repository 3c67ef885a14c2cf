// The gradient of cross-entropy from a saved lse: one read, one write, nothing to wait for in between.
#include "host/cpu/cross_entropy_rows.hpp"

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_backward_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_gradient-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// exp(scale·y - lse).
template <class D>
struct ProbabilityFromLse {
  using C = hn::TFromD<D>;
  D d{};
  C scale;
  TwoParts<C> lse;

  ProbabilityFromLse(D d_, double scale_, double lse_) : d(d_), scale(static_cast<C>(scale_)), lse(lse_) {}

  HWY_INLINE hn::Vec<D> operator()(hn::Vec<D> y) const {
    const auto x = hn::MulSub(y, hn::Set(d, scale), hn::Set(d, lse.high));
    return ExpOrInfinity(d, hn::Sub(x, hn::Set(d, lse.low)));
  }
};

/// factor · p, the label's own part left out.
template <class D, class T>
struct GradientFromLse {
  using C = hn::TFromD<D>;
  D d{};
  const T* x;
  ProbabilityFromLse<D> probability;
  C factor;

  HWY_INLINE hn::Vec<D> Of(hn::Vec<D> logits) const {
    return hn::Mul(probability(logits), hn::Set(d, factor));
  }
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return Of(LoadVector(d, x + c)); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return Of(LoadPart(d, x + c, count, T(0.0F)));
  }
  HWY_INLINE void Fetch(std::int64_t c, std::int64_t count) const { PrefetchAhead(x + c, count); }
};

template <class D, class Row>
double SumOfSmallProbabilities(D d, const ProbabilityFromLse<D>& probability, const Row& row,
                               std::int64_t classes) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto small = hn::Set(d, static_cast<hn::TFromD<D>>(kSmall));
  double total = 0.0;
  for (std::int64_t begin = 0; begin < classes; begin += kBlock) {
    const std::int64_t end = HWY_MIN(classes, begin + kBlock);
    auto sum = hn::Zero(d);
    for (std::int64_t c = begin; c < end; c += lanes) {
      const auto y = end - c >= lanes ? row.Whole(c) : row.Part(c, static_cast<std::size_t>(end - c));
      const auto p = probability(y);
      sum = hn::Add(sum, hn::IfThenZeroElse(hn::Ge(p, small), p));
    }
    total += Total(d, sum);
  }
  return total;
}

/// A row's gradients from its saved lse: the formulas' max is the lse, and their rest 0.
template <class T>
class SavedRow {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;

  SavedRow(const CrossEntropyJob& job, std::int64_t r)
      : job_(job),
        r_(r),
        lse_(load(job.lse, r)),
        probability_(D(), job.transform.scale, lse_),
        upstream_(job.row_upstream(r)),
        sums_{.max = lse_, .rest = 0.0} {}

  void Plain(std::int64_t label) {
    thread_local Scratch packed_logits;
    const Logits<D, T> x{read_row<T>(job_.logits, r_, packed_logits)};
    if (label >= 0) TakeSpecial(x, label);
    const RowGradient gradient = GradientOf(LossOf());
    const GradientFromLse<D, T> value{.x = x.at,
                                      .probability = probability_,
                                      .factor = static_cast<C>(job_.transform.slope * gradient.of_prob)};
    Write(value, label, job_.transform.slope * gradient.at_label);
  }

  void Full(std::int64_t label) {
    thread_local Scratch packed_logits;
    thread_local Scratch packed_probs;
    thread_local Scratch made;
    MadeLogits<D, T> y = MakeLogits<D, T>(job_, r_, packed_logits, made);
    Nothing nothing;
    y.Prepare(0, Classes(), nothing);
    KnownRow<D, T> row{.logits = y,
                       .in = MakeInputs<D, T>(job_, r_, packed_probs),
                       .scale = probability_.scale,
                       .high = probability_.lse.high,
                       .low = probability_.lse.low,
                       .gamma = static_cast<C>(job_.options.focal_gamma)};
    const KnownSums known = SumKnown(row, Classes(), row.in.entropy);
    sums_.spread = known.spread;
    sums_.unmasked = known.unmasked;
    sums_.given = known.given;
    sums_.target = known.target;
    sums_.entropy_gap = known.entropy_gap;
    if (label >= 0) TakeSpecial(y, label);
    TakeDominant(row);

    RowLoss loss = LossOf();
    OthersPull others;
    if (job_.focal_classes()) others.pull = TakeFocal(job_, row, sums_, special_, loss);
    if (job_.soft() && special_.at >= 0) {
      const KnownSums rest = SumKnown(row, Classes(), false, special_.at);
      others.given = rest.given.weight;
      if (!job_.focal_classes()) {
        others.pull =
            (1.0 - options_.smoothing) * rest.target.weight + formulas::times(loss.share, rest.spread.weight);
      }
    }
    if (job_.outputs.grad_targets.given()) OfTargets(row);
    if (!job_.outputs.grad.given()) return FinishTargets();
    RowGradient gradient = GradientOf(loss);
    if (special_.at >= 0 && (job_.soft() || job_.focal_classes())) {
      gradient.at_label = at_special(sums_, loss, options_, upstream_, special_, others);
    }
    if (job_.has_labels()) gradient.of_target = gradient.of_given = 0.0;
    const double slope =
        special_.at >= 0 ? slope_at(job_, static_cast<double>(static_cast<C>(y.at[special_.at])), special_.at)
                         : 0.0;
    Write(MakeCareful(row, gradient, job_.transform.slope), special_.at,
          gradient.at_label == 0.0 ? 0.0 : slope * gradient.at_label);
    FinishTargets();
  }

 private:
  std::int64_t Classes() const { return job_.classes(); }

  template <class Row>
  void TakeSpecial(const Row& row, std::int64_t c) {
    const auto y = static_cast<double>(row.One(c));
    const double x = std::fma(job_.transform.scale, y, -lse_);
    const double p = std::exp(x);
    special_.at = c;
    special_.label.gap = -x;
    special_.label.weight = job_.label_weight(c);
    special_.label.others_sum =
        p >= formulas::kDominant ? SumOfSmallProbabilities(D(), probability_, row, Classes()) : 1.0 - p;
    special_.label.masked = y == -std::numeric_limits<double>::infinity();
  }

  /// A focal loss of several classes, and the gradient of a soft target, want to know of a dominant class.
  void TakeDominant(KnownRow<D, T>& row) {
    if (!job_.soft() && !job_.focal_classes()) return;
    const C top = Maximum(D(), row.logits, Classes());
    const double p = std::exp(std::fma(job_.transform.scale, static_cast<double>(top), -lse_));
    if (!(p >= formulas::kDominant)) return;
    row.TakeDominant(SumOfSmallProbabilities(D(), probability_, row.logits, Classes()));
    if (!job_.soft()) return;
    std::int64_t at = 0;
    while (at + 1 < Classes() && row.logits.One(at) != top) ++at;
    TakeSpecial(row.logits, at);
    special_.q = static_cast<double>(static_cast<C>(row.in.probs[at]));
  }

  RowLoss LossOf() const { return loss_of(sums_, options_, job_.has_labels() ? &special_.label : nullptr); }
  RowGradient GradientOf(const RowLoss& loss) const {
    return gradient_of(sums_, loss, options_, upstream_, job_.has_labels() ? &special_.label : nullptr);
  }

  template <class Value>
  void Write(const Value& value, std::int64_t special, double at_special) {
    thread_local Scratch packed_grad;
    T* out = row_to_write<T>(job_.outputs.grad, r_, packed_grad);
    WriteRow<D, T>(D(), out, Classes(), value, job_.streaming_stores,
                   {special, T(static_cast<C>(at_special))});
    finish_row(job_.outputs.grad, r_, out, Classes());
  }

  /// Kept apart until the targets, which may lie where it goes, are read no more.
  void OfTargets(const KnownRow<D, T>& row) {
    const bool nan = lse_ != lse_;
    const TargetGradient<D, T> value{.row = row,
                                     .of_loss = static_cast<C>(upstream_.loss * (1.0 - options_.smoothing)),
                                     .of_log_prob = static_cast<C>(upstream_.log_prob),
                                     .at_masked = nan ? std::numeric_limits<C>::quiet_NaN() : C{0}};
    of_targets_ = TargetsMemory().template get<T>(static_cast<std::size_t>(Classes()));
    WriteRow(D(), of_targets_, Classes(), value, false);
  }
  void FinishTargets() {
    if (of_targets_ == nullptr) return;
    const MatrixView& to = job_.outputs.grad_targets;
    T* row = static_cast<T*>(to.data) + to.layout.row_offset(r_);
    for (std::int64_t c = 0; c < Classes(); ++c) row[c * to.layout.class_stride] = of_targets_[c];
    write_zeros<T>(to, r_, Classes());
  }
  static Scratch& TargetsMemory() {
    thread_local Scratch memory;
    return memory;
  }

  const CrossEntropyJob& job_;
  std::int64_t r_;
  double lse_;
  ProbabilityFromLse<D> probability_;
  RowUpstream upstream_;
  RowOptions options_ = job_.row_options();
  formulas::RowSums<double> sums_;
  Special special_{};
  T* of_targets_ = nullptr;
};

template <class T>
void Row(const CrossEntropyJob& job, std::int64_t r) {
  const std::int64_t label = job.has_labels() ? load(job.target.labels, r) : -1;
  if (job.ignored(label)) return write_ignored_row<T>(job, r);
  SavedRow<T> row(job, r);
  if (job.per_element()) {
    row.Full(label);
  } else {
    row.Plain(label);
  }
}

void CrossEntropyBackwardRows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    for (std::int64_t r = begin; r < end; ++r) Row<T>(job, r);
  });
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(CrossEntropyBackwardRows);

void cross_entropy_backward_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyBackwardRows)(job, begin, end);
}

}  // namespace xent::cpu
#endif
