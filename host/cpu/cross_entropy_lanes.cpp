// Cross-entropy of short rows, and its gradient from a saved lse: a row per lane, a tile of rows at a time in
// the first-level cache.
#include "host/cpu/cross_entropy_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// A tile of rows, and each lane's scalars.
template <class T>
class Tile {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  using V = hn::Vec<D>;

  explicit Tile(const CrossEntropyJob& job)
      : job_(job),
        classes_(job.classes()),
        scratch_(TileScratch<C>::For(classes_)),
        from_(job.logits.layout, scratch_.row_major),
        to_(job.outputs.grad.layout, scratch_.row_major) {
    if (OneScale()) scale_ = ScaleOf(0);
  }

  void Run(std::int64_t first_row, std::int64_t end, const CrossEntropyParts& parts) {
    Take(first_row, end);
    const V max = LoadWithMaximum(from_, job_.logits.data, first_row_, count_, scratch_.logits);
    TakeLabels();
    norm_ = NormaliseLanes(d_, scratch_.logits, max, classes_, scratch_.exps, C{1}, Fetcher(end));
    Finish(parts.of(first_row_));  // parts hold whole tiles
    if (job_.outputs.grad.given()) Gradient();
  }

  /// The gradient alone, from the saved lse.
  void RunBackward(std::int64_t first_row, std::int64_t end) {
    Take(first_row, end);
    from_.Load(job_.logits.data, first_row_, count_, scratch_.logits);
    TakeLabels();
    SavedGradient(Fetcher(end));
  }

  std::int64_t lanes() const { return from_.lanes(); }

 private:
  void Take(std::int64_t first_row, std::int64_t end) {
    first_row_ = first_row;
    count_ = HWY_MIN(lanes(), end - first_row);
  }

  /// A lane is live whose row exists and is not ignored.
  void TakeLabels() {
    load(job_.target.labels, first_row_, count_, label_.at);
    for (std::int64_t lane = 0; lane < lanes(); ++lane) {
      const bool valid = lane < count_ && !job_.ignored(label_.at[lane]);
      if (!valid) label_.at[lane] = -1;  // an ignored label may be out of range
      live_[lane] = valid ? C{1} : C{0};
      z_label_[lane] = scratch_.logits[(valid ? label_.at[lane] : 0) * lanes() + lane];
    }
  }
  auto Live() const { return hn::Gt(hn::Load(d_, live_), hn::Zero(d_)); }
  V LabelNumbers() const {
    HWY_ALIGN C numbers[kMostLanes<C>];
    for (std::int64_t lane = 0; lane < lanes(); ++lane) numbers[lane] = static_cast<C>(label_.at[lane]);
    return hn::Load(d_, numbers);
  }

  /// The next tile's logits and this one's gradient.
  TileFetch<T> Fetcher(std::int64_t end) const {
    const T* const next = from_.First(job_.logits.data, HWY_MIN(first_row_ + lanes(), end - 1));
    const bool grad = job_.outputs.grad.given();
    return {next, grad ? to_.First(job_.outputs.grad.data, first_row_) : next, lanes()};
  }

  /// What there is one of per row: what is asked for is written.
  void Finish(CrossEntropyPartial& partial) {
    const CrossEntropyOutputs& out = job_.outputs;
    HWY_ALIGN C values[kMostLanes<C>];
    const auto live = Live();
    const auto write = [&](const auto& view, V of_live, C otherwise) HWY_ATTR {
      hn::Store(hn::IfThenElse(live, of_live, hn::Set(d_, otherwise)), d_, values);
      if (view.given()) store(view, first_row_, count_, values);
    };
    const V log_sum = norm_.LogSum(d_);
    const V z_label = hn::Load(d_, z_label_);
    const V loss = hn::Add(hn::Sub(norm_.max, z_label), log_sum);
    if (job_.options.reduction == Reduction::none) write(out.loss, loss, C{0});
    if (out.lse.given()) write(out.lse, hn::Add(norm_.max, log_sum), C{0});
    if (out.log_prob.given()) write(out.log_prob, hn::Neg(loss), C{0});
    if (out.entropy.given()) {
      const V gap = EntropyGapLanes(d_, scratch_.logits, classes_, scratch_.exps, norm_.max);
      write(out.entropy, hn::Add(log_sum, hn::Div(gap, norm_.Sum(d_))), C{0});
    }
    if (job_.wants_argmax()) {
      write(out.argmax, ArgMaxLanes(d_, scratch_.logits, classes_), C{-1});
      for (std::int64_t lane = 0; lane < count_; ++lane) {
        partial.correct += label_.at[lane] >= 0 && static_cast<std::int64_t>(values[lane]) == label_.at[lane];
      }
    }
    if (job_.wants_rank()) {
      write(out.target_rank, RankLanes(d_, scratch_.logits, classes_, LabelNumbers(), z_label), C{-1});
      for (std::int64_t lane = 0; lane < count_; ++lane) {
        partial.top_k += values[lane] >= C{0} && static_cast<std::int64_t>(values[lane]) < out.top_k;
      }
    }
    if (out.row_loss.given()) write(out.row_loss, loss, C{0});
    partial.loss += LaneTotal(d_, hn::IfThenElseZero(live, loss));
  }

  void Gradient() {
    const V scale = Scale();
    const V z_label = hn::Load(d_, z_label_);
    const V sum = norm_.Sum(d_);
    // Where the target is the maximum, all others together are the rest; else 1 is among the others.
    const V e_label = ExpNotAbove(d_, hn::Sub(z_label, norm_.max));
    const V others = hn::IfThenElse(hn::Eq(z_label, norm_.max), norm_.rest, hn::Sub(sum, e_label));
    Write(hn::Div(scale, sum), hn::Mul(hn::Neg(hn::Div(others, sum)), scale));
  }

  /// Of a class that a row is sure of 1 - p is the sum of the others.
  template <class Meanwhile>
  HWY_INLINE void SavedGradient(const Meanwhile& meanwhile) {
    HWY_ALIGN C parts[2][kMostLanes<C>];
    for (std::int64_t lane = 0; lane < lanes(); ++lane) {
      const TwoParts<C> lse(lane < count_ ? load(job_.lse, first_row_ + lane) : 0.0);
      parts[0][lane] = lse.high;
      parts[1][lane] = lse.low;
    }
    const V high = hn::Load(d_, parts[0]);
    const V low = hn::Load(d_, parts[1]);
    const auto probability = [&](V z) HWY_ATTR { return ExpOrInfinity(d_, hn::Sub(hn::Sub(z, high), low)); };
    V small = hn::Zero(d_);
    V last = small;  // two sums by turns, for half the additions in each
    for (std::int64_t c = 0; c < classes_; ++c) {
      const V p = probability(hn::Load(d_, scratch_.logits + c * lanes()));
      const V next = hn::Add(small, hn::IfThenZeroElse(hn::Ge(p, hn::Set(d_, static_cast<C>(kSmall))), p));
      small = last;
      last = next;
      hn::Store(p, d_, scratch_.exps + c * lanes());
      meanwhile(c);
    }
    small = hn::Add(small, last);
    const V p_label = probability(hn::Load(d_, z_label_));
    const auto sure = hn::Ge(p_label, hn::Set(d_, static_cast<C>(formulas::kDominant)));
    const V others = hn::IfThenElse(sure, small, hn::Sub(hn::Set(d_, C{1}), p_label));
    const V scale = Scale();
    Write(scale, hn::Mul(hn::Neg(others), scale));
  }

  /// A gradient: the exponentials times `factor`, and `at_target` at the labels. Zeros in ignored rows,
  /// whatever they hold.
  void Write(V factor, V at_target) {
    const auto live = Live();
    hn::Store(at_target, d_, label_.value);
    const auto column = [&](std::int64_t c) HWY_ATTR {
      return hn::IfThenElseZero(live, hn::Mul(hn::Load(d_, scratch_.exps + c * lanes()), factor));
    };
    to_.Store(job_.outputs.grad.data, first_row_, count_, column, &label_);
  }

  /// g/d of every lane.
  bool OneScale() const { return !job_.upstream.values.given() || job_.upstream.values.size == 1; }
  C ScaleOf(std::int64_t r) const { return static_cast<C>(job_.row_upstream(r).loss); }
  V Scale() const {
    if (OneScale()) return hn::Set(d_, scale_);
    HWY_ALIGN C scales[kMostLanes<C>] = {};
    for (std::int64_t lane = 0; lane < count_; ++lane) scales[lane] = ScaleOf(first_row_ + lane);
    return hn::Load(d_, scales);
  }

  const CrossEntropyJob& job_;
  std::int64_t classes_;
  TileScratch<C> scratch_;
  TileMover<T> from_;
  TileMover<T> to_;
  C scale_{};
  std::int64_t first_row_ = 0;
  std::int64_t count_ = 0;
  TileExceptions<C> label_;  ///< and in a gradient its element
  HWY_ALIGN C z_label_[kMostLanes<C>];
  HWY_ALIGN C live_[kMostLanes<C>];  ///< 1 for a live lane
  LaneNormaliser<D> norm_;
  D d_{};
};

void CrossEntropyBackwardLanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    Tile<T> tile(job);
    for (std::int64_t r = begin; r < end; r += tile.lanes()) tile.RunBackward(r, end);
  });
}

void CrossEntropyLanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                       const CrossEntropyParts& parts) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    Tile<T> tile(job);
    for (std::int64_t r = begin; r < end; r += tile.lanes()) tile.Run(r, end, parts);
  });
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(CrossEntropyLanes);
HWY_EXPORT(CrossEntropyBackwardLanes);

void cross_entropy_lanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                         const CrossEntropyParts& parts) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyLanes)(job, begin, end, parts);
}

void cross_entropy_backward_lanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyBackwardLanes)(job, begin, end);
}

}  // namespace xent::cpu
#endif
