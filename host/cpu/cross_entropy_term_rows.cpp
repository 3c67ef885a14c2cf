// Cross-entropy of long rows with options that look at every element: smoothing, soft targets, bias, softcap,
// entropies. It goes over rows as cross_entropy_rows.cpp does, and where it is not asked for more, gives the
// same bits.
#include "host/cpu/cross_entropy_rows.hpp"

#include <type_traits>
#include <utility>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_term_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_gradient-inl.h"
#include "host/cpu/row_pending-inl.h"
#include "host/cpu/row_rank-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// Most options leave a row's gradient an exponential times a factor less a share; kFull is for the others,
/// and for entropies. Logits is the kind of MadeLogits.
template <template <class, class> class Logits, bool kFull, class T>
class TermRows {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;

  TermRows(const CrossEntropyJob& job, const CrossEntropyParts& parts)
      : job_(job), parts_(parts), classes_(job.classes()), pending_(job.outputs.grad, classes_) {}

  void Run(std::int64_t begin, std::int64_t end) {
    for (std::int64_t r = begin; r < end; ++r) Row(r);
    Close();
  }

 private:
  using RowLogits = Logits<D, T>;
  using Known = KnownLoss<D, T, RowLogits>;
  using Gradient = std::conditional_t<kFull, QuickGradient<D, T>, SharedExp<D, T, RowLogits>>;

  void Row(std::int64_t r) {
    const std::int64_t label = job_.has_labels() ? load(job_.target.labels, r) : -1;
    if (job_.ignored(label)) return write_ignored_row<T>(job_, r);

    // Two each: the pending row still needs its own.
    thread_local Scratch packed_logits[2], packed_probs[2], made[2];
    turn_ = 1 - turn_;
    Known known;
    known.in = MakeInputs<D, T>(job_, r, packed_probs[turn_]);
    RowNormaliser<D, RowLogits, RowTerms<D, T, kFull>> normaliser(
        RowLogits{MakeLogits<D, T>(job_, r, packed_logits[turn_], made[turn_])}, {known.in, job_.weight_sum},
        classes_, static_cast<C>(job_.transform.scale));
    const T* x = normaliser.row().at;
    auto along = pending_.Along(pending_.Keep(r, x), x);
    known.found = normaliser.Run(along);
    pending_.TakeBack(along.writer);
    Close();
    pending_.kept().Settle(classes_);

    known.logits = normaliser.row();
    known.sums = normaliser.terms().Sums(known.found.state, classes_);
    CheckSums(known);
    FindSpecial(label, known);
    TakeLoss(known);
    RowResult result{.loss = known.loss.loss,
                     .lse = known.loss.lse,
                     .log_prob = known.loss.log_prob,
                     .entropy = known.loss.entropy};
    const MadeLogits<D, T>& logits = known.logits;
    if (job_.wants_argmax()) result.argmax = ArgMax(D(), logits, classes_, known.found);
    if (job_.wants_rank()) result.target_rank = RankOf(D(), logits, classes_, label, known.found);
    take_result(job_, r, label, result, parts_.of(r));
    if (job_.wants_gradient()) Gradients(r, known);
  }

  KnownRow<D, T> RowOf(const Known& known) const {
    const auto high = static_cast<C>(known.found.state.max);
    const double low = LeftByRounding(job_.transform.scale, known.found.top, high);
    return SeenFrom<D, T>(job_, known.logits, known.in, high, low, known.found.state.rest);
  }

  const Label* LabelOf(const Known& known) const {
    return job_.has_labels() ? &known.special.label : nullptr;
  }

  static bool Regular(const Known& known) { return known.sums.rest == known.sums.rest; }

  /// Where masked classes or overflows have spoilt one of the sums it is taken again, by itself: the others
  /// stay as they are whatever else was asked for.
  void CheckSums(Known& known) const {
    if (!Regular(known)) return;
    RowTotals& sums = known.sums;
    const bool spread = job_.smoothed() && !std::isfinite(sums.spread.gap);
    const bool given = job_.soft() && !std::isfinite(sums.given.gap);
    const bool target = job_.soft() && !std::isfinite(sums.target.gap);
    known.careful = job_.focal_classes() || Saturated(known.logits) || known.found.coarse;
    if (!spread && !given && !target) return;
    const KnownSums again = SumKnown(RowOf(known), classes_, false);
    if (spread) {
      sums.spread = again.spread;
      sums.unmasked = again.unmasked;
      known.careful |= again.unmasked < static_cast<double>(classes_);
    }
    if (given) sums.given = again.given;
    if (target) sums.target = again.target;
  }

  /// In a row with a soft target that is sure of its class little may be left of that class's gradient.
  void FindSpecial(std::int64_t label, Known& known) const {
    Special& special = known.special;
    special.at = label;
    if (job_.soft() && Regular(known) && known.sums.rest < 1.0) {
      const MadeLogits<D, T>& logits = known.logits;
      special.at = ArgMax(D(), logits, classes_, known.found);
      special.q = static_cast<double>(static_cast<C>(known.in.probs[special.at]));
    }
    if (special.at < 0) return;
    const auto y = static_cast<double>(known.logits.One(special.at));
    special.label = label_of(job_, special.at, y, known.found.top, known.found.state);
  }

  void TakeLoss(Known& known) const {
    const RowTotals& sums = known.sums;
    known.loss = loss_of(sums, options_, LabelOf(known));
    const bool focal = job_.focal_classes() && Regular(known);
    if (focal) known.others.pull = TakeFocal(job_, RowOf(known), sums, known.special, known.loss);
    if (job_.soft() && known.special.at >= 0 && job_.outputs.grad.given()) {
      const KnownSums rest = SumKnown(RowOf(known), classes_, false, known.special.at);
      known.others.given = rest.given.weight;
      if (!focal) {
        known.others.pull = (1.0 - options_.smoothing) * rest.target.weight +
                            formulas::times(known.loss.share, rest.spread.weight);
      }
    }
    add_penalty(known.loss, options_);
  }

  void Gradients(std::int64_t r, const Known& known) {
    const RowUpstream upstream = job_.row_upstream(r);
    if constexpr (kFull) {
      if (job_.outputs.grad_targets.given()) OfTargets(r, known, upstream);
    }
    const bool written = !job_.outputs.grad.given() || OfLogits(r, known, upstream);
    if (written) FinishTargets(r);
  }

  void OfTargets(std::int64_t r, const Known& known, const RowUpstream& upstream) {
    const MatrixView& to = job_.outputs.grad_targets;
    thread_local Scratch packed;
    const bool in_place = to.data == job_.target.probs.data;
    T* out = in_place ? packed.get<T>(static_cast<std::size_t>(to.layout.classes))
                      : row_to_write<T>(to, r, packed);
    const TargetGradient<D, T> value{
        .row = RowOf(known),
        .of_loss = static_cast<C>(upstream.loss * (1.0 - options_.smoothing)),
        .of_log_prob = static_cast<C>(upstream.log_prob),
        .at_masked = Regular(known) ? C{0} : std::numeric_limits<C>::quiet_NaN()};
    WriteRow(D(), out, classes_, value, job_.streaming_stores && !in_place);
    of_targets_ = out;
  }

  /// The targets are read no more.
  void FinishTargets(std::int64_t r) {
    if (of_targets_ == nullptr) return;
    const MatrixView& to = job_.outputs.grad_targets;
    T* row = static_cast<T*>(to.data) + to.layout.row_offset(r);
    if (of_targets_ != row) {
      for (std::int64_t c = 0; c < classes_; ++c) row[c * to.layout.class_stride] = of_targets_[c];
    }
    write_zeros<T>(to, r, classes_);
    of_targets_ = nullptr;
  }

  /// Gives whether the row is written already.
  bool OfLogits(std::int64_t r, const Known& known, const RowUpstream& upstream) {
    const RowTotals& sums = known.sums;
    const Special& special = known.special;
    RowGradient gradient = gradient_of(sums, known.loss, options_, upstream, LabelOf(known));
    if (special.at >= 0 && (job_.soft() || job_.focal_classes())) {
      gradient.at_label = at_special(sums, known.loss, options_, upstream, special, known.others);
    }
    if (job_.has_labels()) gradient.of_target = gradient.of_given = 0.0;

    T* out = pending_.Place(r);
    const double slope = job_.transform.slope;
    const double special_slope =
        special.at >= 0
            ? slope_at(job_, static_cast<double>(static_cast<C>(known.logits.at[special.at])), special.at)
            : 0.0;
    const Exception<T> at_special{
        special.at, T(static_cast<C>(gradient.at_label == 0.0 ? 0.0 : special_slope * gradient.at_label))};
    if (known.careful) {
      WriteRow(D(), out, classes_, MakeCareful(RowOf(known), gradient, slope), job_.streaming_stores,
               at_special);
      finish_row(job_.outputs.grad, r, out, classes_);
      return true;
    }
    pending_.Open(r, {out, classes_, Quick(known, gradient, slope), job_.streaming_stores, at_special});
    return false;
  }

  Gradient Quick(const Known& known, const RowGradient& gradient, double slope) const {
    const double of_exp = known.found.of_exp();
    SharedExp<D, T, RowLogits> exp{
        .logits = known.logits,
        .exps = pending_.kept().exps,
        .of_exp = static_cast<C>(slope * gradient.of_prob * of_exp),
        .share = gradient.share == 0.0 ? C{0} : static_cast<C>(slope * gradient.share)};  // not -0
    if constexpr (kFull) {
      QuickGradient<D, T> quick{.exp = exp, .in = known.in};
      quick.scale = static_cast<C>(job_.transform.scale);
      quick.top = static_cast<C>(known.found.top);
      quick.of_exp_gap = static_cast<C>(slope * gradient.of_prob_gap * of_exp);
      const bool weighted = known.in.weights != nullptr;
      quick.per_class = weighted || known.in.probs != nullptr;
      if (weighted) std::swap(quick.share, quick.exp.share);
      quick.of_target = static_cast<C>(slope * gradient.of_target);
      quick.of_given = static_cast<C>(slope * (gradient.of_given - (weighted ? 0.0 : gradient.of_target)));
      return quick;
    } else {
      return exp;
    }
  }

  /// The pending row's elements are written.
  void Close() {
    const std::int64_t closed = pending_.Close();
    if (closed >= 0) FinishTargets(closed);
  }

  const CrossEntropyJob& job_;
  const CrossEntropyParts& parts_;
  std::int64_t classes_;
  RowOptions options_ = job_.row_options();
  std::size_t turn_ = 0;
  PendingRow<D, T, Gradient> pending_;  ///< its loss is known, its gradient is being written
  const T* of_targets_ = nullptr;       ///< the targets' gradient, until it may take their place
};

void CrossEntropyTermRows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                          const CrossEntropyParts& parts) {
  const bool full =
      job.soft() || job.weights != nullptr || job.upstream.entropy.given() || job.outputs.entropy.given();
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    if (full) {
      TermRows<MadeLogits, true, T>(job, parts).Run(begin, end);
    } else if (job.transform.capped) {
      TermRows<CappedLogits, false, T>(job, parts).Run(begin, end);
    } else if (job.transform.bias != nullptr) {
      TermRows<BiasedLogits, false, T>(job, parts).Run(begin, end);
    } else {
      TermRows<PlainLogits, false, T>(job, parts).Run(begin, end);
    }
  });
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(CrossEntropyTermRows);

void cross_entropy_term_rows(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                             const CrossEntropyParts& parts) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyTermRows)(job, begin, end, parts);
}

}  // namespace xent::cpu
#endif
