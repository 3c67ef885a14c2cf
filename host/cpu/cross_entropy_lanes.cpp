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

/// Per-row inputs of a tile, lane by lane.
template <class C>
struct LaneInputs {
  HWY_ALIGN C label[kMostLanes<C>];  ///< as a number of the compute type: short rows have few classes
  HWY_ALIGN C z_label[kMostLanes<C>];
  HWY_ALIGN C scale[kMostLanes<C>];   ///< g/d; 0 for lanes that are ignored or have no row
  HWY_ALIGN C live[kMostLanes<C>];    ///< 1 for a valid row
  std::int64_t index[kMostLanes<C>];  ///< label as an integer

  LaneInputs(const CrossEntropyJob& job, std::int64_t first_row, std::int64_t count, const C* logits) {
    constexpr std::size_t lanes = kMostLanes<C>;
    for (std::size_t lane = 0; lane < lanes; ++lane) {
      const std::int64_t r = first_row + static_cast<std::int64_t>(lane);
      const bool exists = static_cast<std::int64_t>(lane) < count;
      index[lane] = exists ? load(job.target.labels, r) : 0;
      const bool valid = exists && !job.ignored(index[lane]);
      if (!valid) index[lane] = 0;  // an ignored label may be out of range
      live[lane] = valid ? C{1} : C{0};
      scale[lane] = valid && job.outputs.grad.given() ? static_cast<C>(job.row_upstream(r).loss) : C{0};
      label[lane] = static_cast<C>(index[lane]);
      z_label[lane] = logits[static_cast<std::size_t>(index[lane]) * lanes + lane];
    }
  }
};

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
        to_(job.outputs.grad.layout, scratch_.row_major) {}

  std::int64_t lanes() const { return from_.lanes(); }

  void Run(std::int64_t first_row, std::int64_t count, CrossEntropyPartial& partial) {
    from_.Load(job_.logits.data, first_row, count, scratch_.logits);
    const LaneInputs<C> in(job_, first_row, count, scratch_.logits);
    const auto norm = NormaliseLanes(d_, scratch_.logits, classes_, scratch_.exps);
    Finish(in, norm, first_row, count, partial);
    if (job_.outputs.grad.given()) {
      Gradient(in, norm);
      to_.Store(job_.outputs.grad.data, first_row, count, scratch_.exps);
    }
  }

  /// The gradient alone, from the saved lse.
  void RunBackward(std::int64_t first_row, std::int64_t count) {
    from_.Load(job_.logits.data, first_row, count, scratch_.logits);
    const LaneInputs<C> in(job_, first_row, count, scratch_.logits);
    SavedGradient(in, first_row, count);
    to_.Store(job_.outputs.grad.data, first_row, count, scratch_.exps);
  }

 private:
  /// Losses and what else there is one of per row.
  void Finish(const LaneInputs<C>& in, const LaneNormaliser<D>& norm, std::int64_t first_row,
              std::int64_t count, CrossEntropyPartial& partial) {
    HWY_ALIGN C loss[kMostLanes<C>];
    HWY_ALIGN C lse[kMostLanes<C>];
    HWY_ALIGN C argmax[kMostLanes<C>] = {};
    HWY_ALIGN C rank[kMostLanes<C>] = {};
    HWY_ALIGN C entropy[kMostLanes<C>] = {};
    const V log_sum = norm.LogSum(d_);
    const V gap = hn::Sub(norm.max, hn::Load(d_, in.z_label));
    hn::Store(hn::Add(gap, log_sum), d_, loss);
    hn::Store(hn::Add(norm.max, log_sum), d_, lse);
    if (job_.wants_argmax()) ArgMaxLanes(d_, scratch_.logits, classes_, argmax);
    if (job_.wants_rank()) RankLanes(d_, scratch_.logits, classes_, in.label, in.z_label, rank);
    if (job_.outputs.entropy.given()) {
      const V entropy_gap = EntropyGapLanes(d_, scratch_.logits, classes_, scratch_.exps, norm.max);
      hn::Store(hn::Add(log_sum, hn::Div(entropy_gap, norm.Sum(d_))), d_, entropy);
    }
    for (std::int64_t lane = 0; lane < count; ++lane) {
      const auto i = static_cast<std::size_t>(lane);
      if (in.live[i] == C{0}) {
        store_result(job_, first_row + lane, RowResult{});
        continue;
      }
      RowResult result{.loss = static_cast<double>(loss[i]),
                       .lse = static_cast<double>(lse[i]),
                       .log_prob = -static_cast<double>(loss[i]),
                       .entropy = static_cast<double>(entropy[i])};
      if (job_.wants_argmax()) result.argmax = static_cast<std::int64_t>(argmax[i]);
      if (job_.wants_rank()) result.target_rank = static_cast<std::int64_t>(rank[i]);
      take_result(job_, first_row + lane, in.index[i], result, partial);
    }
  }

  /// Turns the exponentials into gradients where they lie.
  void Gradient(const LaneInputs<C>& in, const LaneNormaliser<D>& norm) {
    const V scale = hn::Load(d_, in.scale);
    const V z_label = hn::Load(d_, in.z_label);
    const V sum = norm.Sum(d_);
    // Where the target is the maximum, all others together are the rest; else 1 is among the others.
    const V e_label = ExpNotAbove(d_, hn::Sub(z_label, norm.max));
    const V others = hn::IfThenElse(hn::Eq(z_label, norm.max), norm.rest, hn::Sub(sum, e_label));
    Multiply(in, hn::Div(scale, sum), hn::Mul(hn::Neg(hn::Div(others, sum)), scale));
  }

  /// Of a class that a row is sure of 1 - p is the sum of the others.
  void SavedGradient(const LaneInputs<C>& in, std::int64_t first_row, std::int64_t count) {
    HWY_ALIGN C high[kMostLanes<C>];
    HWY_ALIGN C low[kMostLanes<C>];
    for (std::int64_t lane = 0; lane < lanes(); ++lane) {
      const TwoParts<C> lse(lane < count ? load(job_.lse, first_row + lane) : 0.0);
      high[lane] = lse.high;
      low[lane] = lse.low;
    }
    const auto probability = [&](V z) HWY_ATTR {
      return ExpOrInfinity(d_, hn::Sub(hn::Sub(z, hn::Load(d_, high)), hn::Load(d_, low)));
    };
    V small = hn::Zero(d_);
    for (std::int64_t c = 0; c < classes_; ++c) {
      const V p = probability(hn::Load(d_, scratch_.logits + c * lanes()));
      small = hn::Add(small, hn::IfThenZeroElse(hn::Ge(p, hn::Set(d_, static_cast<C>(kSmall))), p));
      hn::Store(p, d_, scratch_.exps + c * lanes());
    }
    const V p_label = probability(hn::Load(d_, in.z_label));
    const auto sure = hn::Ge(p_label, hn::Set(d_, static_cast<C>(formulas::kDominant)));
    const V others = hn::IfThenElse(sure, small, hn::Sub(hn::Set(d_, C{1}), p_label));
    const V scale = hn::Load(d_, in.scale);
    Multiply(in, scale, hn::Mul(hn::Neg(others), scale));
  }

  /// What lies there, times `factor`; `at_target` at the labels, nothing in ignored rows.
  void Multiply(const LaneInputs<C>& in, V factor, V at_target) {
    const V one = hn::Set(d_, C{1});
    const V label = hn::Load(d_, in.label);
    const auto live = hn::Gt(hn::Load(d_, in.live), hn::Zero(d_));
    V class_number = hn::Zero(d_);
    for (std::int64_t c = 0; c < classes_; ++c) {
      C* column = scratch_.exps + c * lanes();
      V g = hn::Mul(hn::Load(d_, column), factor);
      g = hn::IfThenElse(hn::Eq(class_number, label), at_target, g);
      hn::Store(hn::IfThenElseZero(live, g), d_, column);  // zero in ignored rows, whatever they hold
      class_number = hn::Add(class_number, one);
    }
  }

  const CrossEntropyJob& job_;
  std::int64_t classes_;
  TileScratch<C> scratch_;
  TileMover<T> from_;
  TileMover<T> to_;
  D d_{};
};

void CrossEntropyBackwardLanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    Tile<T> tile(job);
    for (std::int64_t r = begin; r < end; r += tile.lanes()) {
      tile.RunBackward(r, HWY_MIN(tile.lanes(), end - r));
    }
  });
}

void CrossEntropyLanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                       const CrossEntropyParts& parts) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    Tile<T> tile(job);
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
