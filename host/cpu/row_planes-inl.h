// What a tile of short rows keeps besides its logits, where any option may be on.
#if defined(XENT_HOST_CPU_ROW_PLANES_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_PLANES_INL_H_
#undef XENT_HOST_CPU_ROW_PLANES_INL_H_
#else
#define XENT_HOST_CPU_ROW_PLANES_INL_H_
#endif

#include "host/cpu/row_tile-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// The unit of summed gaps, a power of two: of the 256 classes that go one per lane at the most (plan_cpu) a
/// sum overflows only where one gap does.
template <class C>
inline constexpr C kTileGapUnit = C{1} / 256;

/// A number for every lane.
template <class C>
struct Lanes {
  HWY_ALIGN C at[kMostLanes<C>] = {};
};

/// What every lane's gradient is made of; see formulas::RowGradient. Exponentials are not divided by their
/// sum.
template <class C>
struct LaneGradients {
  Lanes<C> of_exp{};
  Lanes<C> of_exp_gap{};
  Lanes<C> share{};
  Lanes<C> of_target{};
  Lanes<C> of_given{};
  Lanes<C> special{};  ///< class whose gradient is at_special; -1 where there is none
  Lanes<C> at_special{};
  Lanes<C> of_loss{};  ///< for the targets: (of_loss·w·(1-p)^γ - of_log_prob)·(gap + log_sum)
  Lanes<C> of_log_prob{};
  Lanes<C> log_sum{};
  Lanes<C> at_masked{};
  Lanes<C> live{};  ///< 1 for a valid row
};

/// A tile's memory, classes × lanes each.
template <class C>
struct Planes {
  C* x;  ///< logits
  C* y;  ///< what the softmax is taken of, but for its scale
  C* q;  ///< soft targets
  C* exps;
  C* modulation;  ///< (1-p)^γ of a focal loss of several classes
  C* pull;        ///< and the factor of its gradient
  C* row_major;

  static Planes For(std::int64_t classes) {
    thread_local Scratch memory;
    const std::size_t tile = static_cast<std::size_t>(classes) * hn::Lanes(hn::ScalableTag<C>());
    C* base = memory.get<C>(7 * tile);
    return {base,           base + tile, base + 2 * tile, base + 3 * tile, base + 4 * tile, base + 5 * tile,
            base + 6 * tile};
  }
};

inline Layout FirstClasses(Layout layout, std::int64_t classes) {
  layout.classes = classes;
  return layout;
}

/// How many classes of a lane come before its label; -1 if there is a NaN. `y` is the lane's class 0.
template <class C>
std::int64_t RankOf(const C* y, std::int64_t lanes, std::int64_t classes, std::int64_t label) {
  const C own = y[label * lanes];
  std::int64_t before = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    const C other = y[c * lanes];
    if (other != other) return -1;
    if (other > own || (other == own && c < label)) ++before;
  }
  return before;
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_PLANES_INL_H_
