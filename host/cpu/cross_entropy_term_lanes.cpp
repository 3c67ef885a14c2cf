// Cross-entropy of short rows with any option: a row per lane as in cross_entropy_lanes.cpp, with each row's
// scalars in double.
#include "host/cpu/cross_entropy_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_term_lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_formulas.hpp"
#include "host/cpu/row_planes-inl.h"
#include "host/cpu/tanh-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

template <class T>
class TermTile {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  using V = hn::Vec<D>;

  explicit TermTile(const CrossEntropyJob& job)
      : job_(job),
        classes_(job.classes()),
        planes_(Planes<C>::For(classes_)),
        weights_(static_cast<const C*>(job.weights)) {
    if (!job.transform.made) planes_.y = planes_.x;
  }

  std::int64_t lanes() const { return static_cast<std::int64_t>(hn::Lanes(d_)); }

  void Run(std::int64_t first_row, std::int64_t count, CrossEntropyPartial& partial) {
    const TileMover<T> logits(job_.logits.layout, planes_.row_major);
    V max = LoadWithMaximum(logits, job_.logits.data, first_row, count, planes_.x);
    if (job_.soft()) {
      const ConstMatrixView& q = job_.target.probs;
      TileMover<T>(q.layout, planes_.row_major).Load(q.data, first_row, count, planes_.q);
    }
    if (job_.transform.made) max = Transform();
    const auto norm = NormaliseLanes(d_, planes_.y, max, classes_, planes_.exps, Scale());
    SumUp(norm);
    LaneGradients<C> gradients;
    for (std::int64_t lane = 0; lane < count; ++lane) Row(first_row + lane, lane, gradients, partial);
    if (job_.outputs.grad.given()) WriteOfLogits(norm.max, gradients, first_row, count);
    if (job_.outputs.grad_targets.given()) WriteOfTargets(norm.max, gradients, first_row, count);
  }

 private:
  C Scale() const { return static_cast<C>(job_.transform.scale); }
  V At(const C* plane, std::int64_t c) const { return hn::Load(d_, plane + c * lanes()); }
  V Weight(std::int64_t c) const { return hn::Set(d_, weights_ == nullptr ? C{1} : weights_[c]); }
  double One(const C* plane, std::int64_t c, std::int64_t lane) const {
    return static_cast<double>(plane[c * lanes() + lane]);
  }
  auto Masked(std::int64_t c) const { return hn::Eq(At(planes_.y, c), hn::Set(d_, MinusInfinity<C>())); }

  /// u of a class: what a softcap takes the tanh of.
  V Linear(std::int64_t c) const {
    const auto* bias = static_cast<const C*>(job_.transform.bias);
    const V b = hn::Set(d_, bias == nullptr ? C{0} : bias[c]);
    return hn::MulAdd(At(planes_.x, c), hn::Set(d_, static_cast<C>(job_.transform.of_logit)), b);
  }
  /// Makes y; its largest.
  V Transform() {
    V max = hn::Set(d_, MinusInfinity<C>());
    for (std::int64_t c = 0; c < classes_; ++c) {
      const V u = Linear(c);
      const auto masked = hn::Eq(u, hn::Set(d_, MinusInfinity<C>()));
      const V y = job_.transform.capped ? hn::IfThenElse(masked, u, TanhOf(d_, u)) : u;
      hn::Store(y, d_, planes_.y + c * lanes());
      max = hn::Max(max, y);
    }
    return max;
  }

  /// Every lane's sums, in the compute type.
  void SumUp(const LaneNormaliser<D>& norm) {
    V spread = hn::Zero(d_), weights = spread, unmasked = spread;
    V given = spread, probs = spread, target = spread, weighted = spread, every_other = spread;
    for (std::int64_t c = 0; c < classes_ && (job_.smoothed() || job_.soft()); ++c) {
      const V w = Weight(c);
      const V unit = hn::Set(d_, Scale() * kTileGapUnit<C>);
      const V gap = hn::Mul(hn::Sub(norm.max, At(planes_.y, c)), unit);
      V& half = c % 2 == 0 ? spread : every_other;  // equal terms would all round the same way
      const auto masked = Masked(c);
      half = hn::Add(half, hn::IfThenZeroElse(masked, hn::Mul(w, gap)));
      weights = hn::Add(weights, hn::IfThenZeroElse(masked, w));
      unmasked = hn::Add(unmasked, hn::IfThenZeroElse(masked, hn::Set(d_, C{1})));
      if (!job_.soft()) continue;
      const V q = At(planes_.q, c);
      const V wq = hn::Mul(w, q);
      const V zero = hn::Zero(d_);
      given = hn::Add(given, hn::IfThenZeroElse(hn::Eq(q, zero), hn::Mul(q, gap)));
      probs = hn::Add(probs, q);
      target = hn::Add(target, hn::IfThenZeroElse(hn::Eq(wq, zero), hn::Mul(wq, gap)));
      weighted = hn::Add(weighted, wq);
    }
    const auto keep = [&](V v, Lanes<C>& to) HWY_ATTR { hn::Store(v, d_, to.at); };
    keep(norm.max, top_);
    keep(norm.rest, rest_);
    keep(EntropyGapLanes(d_, planes_.y, classes_, planes_.exps, norm.max, Scale()), entropy_gap_);
    keep(hn::Add(spread, every_other), spread_);
    keep(weights, spread_weight_);
    keep(unmasked, unmasked_);
    keep(given, given_);
    keep(probs, given_weight_);
    keep(target, target_);
    keep(weighted, target_weight_);
    keep(ArgMaxLanes(d_, planes_.y, classes_), argmax_);
  }

  RowTotals SumsOf(std::size_t i) const {
    const auto weighted = [&](const Lanes<C>& gap, const Lanes<C>& weight) {
      return formulas::WeightedGap<double>{
          static_cast<double>(gap.at[i]) / static_cast<double>(kTileGapUnit<C>),
          static_cast<double>(weight.at[i])};
    };
    return {.max = job_.transform.scale * static_cast<double>(top_.at[i]),
            .rest = static_cast<double>(rest_.at[i]),
            .entropy_gap = static_cast<double>(entropy_gap_.at[i]),
            .target = weighted(target_, target_weight_),
            .given = weighted(given_, given_weight_),
            .spread = weighted(spread_, spread_weight_),
            .unmasked = static_cast<double>(unmasked_.at[i])};
  }

  /// One lane's scalars.
  void Row(std::int64_t r, std::int64_t lane, LaneGradients<C>& gradients, CrossEntropyPartial& partial) {
    const auto i = static_cast<std::size_t>(lane);
    const std::int64_t label = job_.has_labels() ? load(job_.target.labels, r) : -1;
    if (job_.ignored(label)) return store_result(job_, r, RowResult{});
    const RowTotals sums = SumsOf(i);
    const MaxRest state{sums.max, sums.rest};
    const auto argmax = static_cast<std::int64_t>(argmax_.at[i]);
    Special special{.at = label};
    if (job_.soft() && sums.rest < 1.0) special = {.at = argmax, .q = One(planes_.q, argmax, lane)};
    if (special.at >= 0) {
      special.label = label_of(job_, special.at, One(planes_.y, special.at, lane),
                               static_cast<double>(top_.at[i]), state);
    }
    RowLoss row = loss_of(sums, options_, job_.has_labels() ? &special.label : nullptr);
    OthersPull others;
    if (job_.soft() || job_.focal_classes()) others = SumOthers(lane, sums, argmax, special, row);
    add_penalty(row, options_);
    RowResult result{.loss = row.loss, .lse = row.lse, .log_prob = row.log_prob, .entropy = row.entropy};
    if (job_.wants_argmax()) result.argmax = argmax;
    if (job_.wants_rank()) result.target_rank = RankOf(planes_.y + lane, lanes(), classes_, label);
    take_result(job_, r, label, result, partial);
    if (job_.wants_gradient()) Gradients(r, lane, sums, row, special, others, gradients);
  }

  /// Takes a row's target class by class: fills in the modulations of a focal loss, and its loss and pull.
  OthersPull SumOthers(std::int64_t lane, const RowTotals& sums, std::int64_t argmax, const Special& special,
                       RowLoss& row) {
    const bool focal = job_.focal_classes();
    const double keep = 1.0 - options_.smoothing;
    OthersPull others;
    double loss = 0.0;
    double pull = 0.0;
    for (std::int64_t c = 0; c < classes_; ++c) {
      const double y = One(planes_.y, c, lane);
      const double q = job_.soft() ? One(planes_.q, c, lane) : (c == special.at ? 1.0 : 0.0);
      const bool masked = y == -std::numeric_limits<double>::infinity();
      const double t = job_.label_weight(c) * (keep * q + (masked ? 0.0 : row.share));
      formulas::Focal<double> of_class(0.0, 0.0, 0.0);
      if (focal) {
        const double gap = job_.transform.scale * (static_cast<double>(top_.at[lane]) - y);
        const double p = std::exp(-gap) / sums.sum();
        const double all_others = c == argmax ? sums.rest / sums.sum() : 1.0 - p;
        of_class = {options_.focal_gamma, all_others, gap + row.log_sum};
        planes_.modulation[c * lanes() + lane] = static_cast<C>(std::pow(all_others, options_.focal_gamma));
        planes_.pull[c * lanes() + lane] = static_cast<C>(of_class.pull);
      }
      loss += formulas::times(t, of_class.loss);
      pull += t * of_class.pull;
      if (c == special.at) continue;
      others.pull += t * of_class.pull;
      if (job_.soft()) others.given += q;
    }
    if (focal && sums.rest == sums.rest) {
      row.loss = loss;
      row.pull = pull;
    }
    return others;
  }

  void Gradients(std::int64_t r, std::int64_t lane, const RowTotals& sums, const RowLoss& row,
                 const Special& special, const OthersPull& others, LaneGradients<C>& out) const {
    const RowUpstream upstream = job_.row_upstream(r);
    RowGradient gradient =
        gradient_of(sums, row, options_, upstream, job_.has_labels() ? &special.label : nullptr);
    if (special.at >= 0 && (job_.soft() || job_.focal_classes())) {
      gradient.at_label = at_special(sums, row, options_, upstream, special, others);
    }
    const auto i = static_cast<std::size_t>(lane);
    const double slope = job_.transform.slope;
    const auto set = [&](Lanes<C>& to, double value) { to.at[i] = static_cast<C>(value); };
    set(out.live, 1.0);
    set(out.of_exp, slope * gradient.of_prob / sums.sum());
    set(out.of_exp_gap, slope * gradient.of_prob_gap / sums.sum());
    set(out.share, slope * gradient.share);
    set(out.of_target, slope * gradient.of_target);
    set(out.of_given, slope * gradient.of_given);
    set(out.special, static_cast<double>(special.at));
    if (special.at >= 0 && gradient.at_label != 0.0) {
      set(out.at_special, gradient.at_label * slope_at(job_, One(planes_.x, special.at, lane), special.at));
    }
    set(out.of_loss, upstream.loss * (1.0 - options_.smoothing));
    set(out.of_log_prob, upstream.log_prob);
    set(out.log_sum, row.log_sum);
    set(out.at_masked, sums.rest == sums.rest ? 0.0 : sums.rest);
  }

  void WriteOfLogits(V max, const LaneGradients<C>& gradients, std::int64_t first_row, std::int64_t count) {
    const auto of = [&](const Lanes<C>& from) HWY_ATTR { return hn::Load(d_, from.at); };
    const V of_exp = of(gradients.of_exp), of_exp_gap = of(gradients.of_exp_gap);
    const V share = of(gradients.share), of_target = of(gradients.of_target);
    const V of_given = of(gradients.of_given), special = of(gradients.special);
    const V at_special = of(gradients.at_special);
    const auto live = hn::Gt(of(gradients.live), hn::Zero(d_));
    const bool focal = job_.focal_classes();
    Write(job_.outputs.grad, first_row, count, [&](std::int64_t c) HWY_ATTR {
      const V x = AboveLowest(d_, hn::Mul(hn::Sub(At(planes_.y, c), max), hn::Set(d_, Scale())));
      V g = hn::Mul(At(planes_.exps, c), hn::NegMulAdd(of_exp_gap, x, of_exp));
      V pull = hn::IfThenZeroElse(Masked(c), hn::Mul(share, Weight(c)));
      if (job_.soft()) {
        const V q = At(planes_.q, c);
        pull = hn::MulAdd(hn::Mul(Weight(c), q), of_target, pull);
        g = hn::MulAdd(q, of_given, g);
      }
      if (focal) pull = hn::Mul(pull, At(planes_.pull, c));
      g = hn::Sub(g, pull);
      if (job_.transform.capped) g = hn::Mul(g, TanhSlope(d_, Linear(c)));
      g = hn::IfThenElse(hn::Eq(hn::Set(d_, static_cast<C>(c)), special), at_special, g);
      return hn::IfThenElseZero(live, g);
    });
  }

  void WriteOfTargets(V max, const LaneGradients<C>& gradients, std::int64_t first_row, std::int64_t count) {
    const V of_loss = hn::Load(d_, gradients.of_loss.at),
            of_log_prob = hn::Load(d_, gradients.of_log_prob.at);
    const V log_sum = hn::Load(d_, gradients.log_sum.at), at_masked = hn::Load(d_, gradients.at_masked.at);
    Write(job_.outputs.grad_targets, first_row, count, [&](std::int64_t c) HWY_ATTR {
      const V gap = hn::Mul(hn::Sub(max, At(planes_.y, c)), hn::Set(d_, Scale()));
      V of_l = hn::Mul(of_loss, Weight(c));
      if (job_.focal_classes()) of_l = hn::Mul(of_l, At(planes_.modulation, c));
      const V g = hn::Mul(hn::Sub(of_l, of_log_prob), hn::Add(gap, log_sum));
      return hn::IfThenElse(Masked(c), at_masked, g);
    });
  }

  template <class Column>
  void Write(const MatrixView& matrix, std::int64_t first_row, std::int64_t count,
             const Column& column) const {
    const Layout valid = FirstClasses(matrix.layout, classes_);
    TileMover<T>(valid, planes_.row_major).Store(matrix.data, first_row, count, column);
    if (classes_ == matrix.layout.classes) return;
    for (std::int64_t lane = 0; lane < count; ++lane) write_zeros<T>(matrix, first_row + lane, classes_);
  }

  const CrossEntropyJob& job_;
  std::int64_t classes_;
  Planes<C> planes_;
  const C* weights_;
  RowOptions options_ = job_.row_options();
  Lanes<C> top_, rest_, entropy_gap_, spread_, spread_weight_, unmasked_, given_, given_weight_, target_,
      target_weight_, argmax_;
  D d_{};
};

void CrossEntropyTermLanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                           const CrossEntropyParts& parts) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    TermTile<T> tile(job);
    for (std::int64_t r = begin; r < end; r += tile.lanes()) {
      tile.Run(r, HWY_MIN(tile.lanes(), end - r), parts.of(r));  // parts hold whole tiles
    }
  });
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(CrossEntropyTermLanes);

void cross_entropy_term_lanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                              const CrossEntropyParts& parts) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyTermLanes)(job, begin, end, parts);
}

}  // namespace xent::cpu
#endif
