// Cross-entropy of short rows: a row per lane, a tile of rows at a time in the first-level cache.
#include "host/cpu/cross_entropy_rows.hpp"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/cross_entropy_lanes.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/row_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

template <class C>
inline constexpr std::size_t kMostLanes = hn::MaxLanes(hn::ScalableTag<C>());

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
      scale[lane] = valid && job.outputs.grad.given() ? static_cast<C>(job.row_scale(r)) : C{0};
      label[lane] = static_cast<C>(index[lane]);
      z_label[lane] = logits[static_cast<std::size_t>(index[lane]) * lanes + lane];
    }
  }
};

/// Lowest class with the largest logit of every lane; the first NaN if there is one.
template <class D, class C = hn::TFromD<D>>
HWY_INLINE void ArgMaxLanes(D d, const C* logits, std::int64_t classes, C* argmax) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  auto best = hn::Load(d, logits);
  auto at = hn::Zero(d);
  for (std::int64_t c = 1; c < classes; ++c) {
    const auto z = hn::Load(d, logits + c * lanes);
    const auto better = hn::And(hn::Or(hn::Gt(z, best), hn::IsNaN(z)), hn::Not(hn::IsNaN(best)));
    best = hn::IfThenElse(better, z, best);
    at = hn::IfThenElse(better, hn::Set(d, static_cast<C>(c)), at);
  }
  hn::Store(at, d, argmax);
}

template <bool kSmoothed, class T>
class Tile {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  using V = hn::Vec<D>;

  explicit Tile(const CrossEntropyJob& job)
      : job_(job),
        classes_(job.logits.layout.classes),
        scratch_(TileScratch<C>::For(classes_)),
        from_(job.logits.layout, scratch_.row_major),
        to_(job.outputs.grad.layout, scratch_.row_major) {}

  std::int64_t lanes() const { return from_.lanes(); }

  void Run(std::int64_t first_row, std::int64_t count, CrossEntropyPartial& partial) {
    from_.Load(job_.logits.data, first_row, count, scratch_.logits);
    const LaneInputs<C> in(job_, first_row, count, scratch_.logits);
    const auto norm = NormaliseLanes<kSmoothed>(d_, scratch_.logits, classes_, scratch_.exps);
    Finish(in, norm, first_row, count, partial);
    if (job_.outputs.grad.given()) {
      Gradient(in, norm);
      to_.Store(job_.outputs.grad.data, first_row, count, scratch_.exps);
    }
  }

 private:
  V Smoothing() const { return hn::Set(d_, static_cast<C>(job_.options.label_smoothing)); }
  V Share(const LaneNormaliser<D>& norm) const { return hn::Div(Smoothing(), norm.unmasked); }

  /// Losses and what else there is one of per row.
  void Finish(const LaneInputs<C>& in, const LaneNormaliser<D>& norm, std::int64_t first_row,
              std::int64_t count, CrossEntropyPartial& partial) {
    HWY_ALIGN C loss[kMostLanes<C>];
    HWY_ALIGN C lse[kMostLanes<C>];
    HWY_ALIGN C argmax[kMostLanes<C>] = {};
    const V log_sum = norm.LogSum(d_);
    V gap = hn::Sub(norm.max, hn::Load(d_, in.z_label));
    if constexpr (kSmoothed) {
      const V on_target = hn::Sub(hn::Set(d_, C{1}), Smoothing());
      // 0·inf = 0, at both ends of ε as this type sees it: a masked target, or a gap beyond the range.
      const C smoothing = static_cast<C>(job_.options.label_smoothing);
      gap = smoothing == C{1} ? hn::Zero(d_) : hn::Mul(on_target, gap);
      const V per_gap = hn::Mul(Share(norm), hn::Set(d_, C{1} / kTileGapUnit<C>));
      if (smoothing != C{0}) gap = hn::MulAdd(per_gap, norm.gap, gap);
    }
    hn::Store(hn::Add(gap, log_sum), d_, loss);
    hn::Store(hn::Add(norm.max, log_sum), d_, lse);
    if (job_.wants_argmax()) ArgMaxLanes(d_, scratch_.logits, classes_, argmax);
    for (std::int64_t lane = 0; lane < count; ++lane) {
      const auto i = static_cast<std::size_t>(lane);
      RowResult result;
      if (in.live[i] != C{0}) {
        result = {.loss = static_cast<double>(loss[i]), .lse = static_cast<double>(lse[i])};
        if (job_.wants_argmax()) result.argmax = static_cast<std::int64_t>(argmax[i]);
        partial.loss += result.loss;
        partial.correct += result.argmax == in.index[i] ? 1 : 0;
      }
      store_result(job_, first_row + lane, result);
    }
  }

  /// Turns the exponentials into gradients where they lie.
  void Gradient(const LaneInputs<C>& in, const LaneNormaliser<D>& norm) {
    const V one = hn::Set(d_, C{1});
    const V scale = hn::Load(d_, in.scale);
    const auto live = hn::Gt(hn::Load(d_, in.live), hn::Zero(d_));
    const V label = hn::Load(d_, in.label);
    const V z_label = hn::Load(d_, in.z_label);
    const V sum = norm.Sum(d_);
    const V factor = hn::Div(scale, sum);

    // Where the target is the maximum, all others together are the rest; else 1 is among the others.
    const V e_label = ExpNotAbove(d_, hn::Sub(z_label, norm.max));
    const V others = hn::IfThenElse(hn::Eq(z_label, norm.max), norm.rest, hn::Sub(sum, e_label));
    V at_target = hn::Neg(hn::Div(others, sum));
    V share = hn::Zero(d_);
    if constexpr (kSmoothed) {
      share = Share(norm);
      const auto masked = hn::Eq(z_label, hn::Set(d_, MinusInfinity<C>()));
      at_target = hn::Add(at_target, hn::Sub(Smoothing(), hn::IfThenZeroElse(masked, share)));
    }
    at_target = hn::Mul(at_target, scale);
    const V scaled_share = hn::Mul(share, scale);

    V class_number = hn::Zero(d_);
    for (std::int64_t c = 0; c < classes_; ++c) {
      C* column = scratch_.exps + c * lanes();
      V g = hn::Mul(hn::Load(d_, column), factor);
      if constexpr (kSmoothed) {
        const V z = hn::Load(d_, scratch_.logits + c * lanes());
        const auto masked = hn::Eq(z, hn::Set(d_, MinusInfinity<C>()));
        g = hn::IfThenElse(masked, g, hn::Sub(g, scaled_share));
      }
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

template <bool kSmoothed, class T>
void Tiles(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end, const CrossEntropyParts& parts) {
  Tile<kSmoothed, T> tile(job);
  for (std::int64_t r = begin; r < end; r += tile.lanes()) {
    tile.Run(r, HWY_MIN(tile.lanes(), end - r), parts.of(r));  // parts hold whole tiles
  }
}

void CrossEntropyLanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                       const CrossEntropyParts& parts) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    if (job.options.label_smoothing != 0.0) {
      Tiles<true, T>(job, begin, end, parts);
    } else {
      Tiles<false, T>(job, begin, end, parts);
    }
  });
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(CrossEntropyLanes);

void cross_entropy_lanes(const CrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                         const CrossEntropyParts& parts) {
  HWY_DYNAMIC_DISPATCH(CrossEntropyLanes)(job, begin, end, parts);
}

}  // namespace xent::cpu
#endif
