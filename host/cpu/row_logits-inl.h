// The logits that a long row's loops read where options make them of those given. Made ones are made block by
// block, before the loop that adds them up.
#if defined(XENT_HOST_CPU_ROW_LOGITS_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_LOGITS_INL_H_
#undef XENT_HOST_CPU_ROW_LOGITS_INL_H_
#else
#define XENT_HOST_CPU_ROW_LOGITS_INL_H_
#endif

#include "host/cpu/row_block-inl.h"
#include "host/cpu/tanh-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Logits as they are, or made from them: u = x·of_logit + bias, or tanh(u). The made ones stay in the
/// second-level cache for the passes that follow.
template <class D, class T>
struct MadeLogits {
  using C = hn::TFromD<D>;
  using V = hn::Vec<D>;
  const T* at = nullptr;
  C* made = nullptr;        ///< null where the logits are read as they are
  const C* read = nullptr;  ///< what is read, where that is of the compute type whether made or not
  C of_logit = C{1};
  const C* bias = nullptr;
  bool shifted = false;  ///< u itself is read
  bool capped = false;
  C highest = C{0};                     ///< largest |u| of what is capped
  static constexpr bool kMade = false;  ///< known to be read from `made`

  HWY_INLINE V Whole(std::int64_t c) const {
    if (shifted) return LinearWhole(c);
    if constexpr (std::is_same_v<T, C>) return hn::LoadU(D(), read + c);
    return made != nullptr ? hn::LoadU(D(), made + c) : LoadVector(D(), at + c);
  }
  HWY_INLINE V Part(std::int64_t c, std::size_t count) const {
    if (shifted) {
      const V masked = hn::Set(D(), MinusInfinity<C>());
      return hn::IfThenElse(hn::FirstN(D(), count), LinearPart(c, count), masked);
    }
    return made != nullptr ? LoadPart(D(), made + c, count, MinusInfinity<C>())
                           : LoadPart(D(), at + c, count, MinusInfinity<T>());
  }
  /// The logits of the next block, before they are needed to make it.
  HWY_INLINE void Fetch(std::int64_t c, std::int64_t count) const { PrefetchAhead(at + c, count); }
  C One(std::int64_t c) const {
    if (shifted) return hn::GetLane(LinearPart(c, 1));
    return made != nullptr ? made[c] : static_cast<C>(at[c]);
  }

  HWY_INLINE V Linear(V x, V b) const { return hn::MulAdd(x, hn::Set(D(), of_logit), b); }
  HWY_INLINE V LinearWhole(std::int64_t c) const {
    return Linear(LoadVector(D(), at + c), bias != nullptr ? hn::LoadU(D(), bias + c) : hn::Zero(D()));
  }
  HWY_INLINE V LinearPart(std::int64_t c, std::size_t count) const {
    const auto b = bias != nullptr ? LoadPart(D(), bias + c, count, C{0}) : hn::Zero(D());
    return Linear(LoadPart(D(), at + c, count, T(0.0F)), b);
  }

  template <class Meanwhile>
  void Prepare(std::int64_t begin, std::int64_t end, Meanwhile& meanwhile) {
    if (capped) Cap(begin, end, meanwhile);
  }

 protected:
  template <class Meanwhile>
  HWY_NOINLINE void Cap(std::int64_t begin, std::int64_t end, Meanwhile& meanwhile) {
    const D d;
    const MadeLogits row = *this;  // locals: their members stay in registers
    Meanwhile along = meanwhile;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    V high = hn::Set(d, highest);
    std::int64_t c = begin;
    for (; c + 2 * lanes <= end; c += 2 * lanes) {
      row.Fetch(c, 2 * lanes);
      const V u0 = row.LinearWhole(c);
      const V u1 = row.LinearWhole(c + lanes);
      along();
      high = hn::Max(high, hn::Max(hn::Abs(u0), hn::Abs(u1)));
      hn::StoreU(TanhOf(d, u0), d, row.made + c);
      hn::StoreU(TanhOf(d, u1), d, row.made + c + lanes);
    }
    for (; c + lanes <= end; c += lanes) {
      const V u = row.LinearWhole(c);
      along();
      high = hn::Max(high, hn::Abs(u));
      hn::StoreU(TanhOf(d, u), d, row.made + c);
    }
    if (c < end) {
      const auto count = static_cast<std::size_t>(end - c);
      const V u = hn::IfThenElseZero(hn::FirstN(d, count), row.LinearPart(c, count));
      along();
      high = hn::Max(high, hn::Abs(u));
      StorePart(d, TanhOf(d, u), row.made + c, count);
    }
    meanwhile = along;
    highest = hn::GetLane(hn::MaxOfLanes(d, high));
    // NaN included: the largest of them may have been lost beside one.
    if (!(highest < std::numeric_limits<C>::infinity())) Mask(begin, end);
  }

  /// What is -inf has no tanh: it stays masked.
  HWY_NOINLINE void Mask(std::int64_t begin, std::int64_t end) const {
    for (std::int64_t c = begin; c < end; ++c) {
      const C u = hn::GetLane(LinearPart(c, 1));
      if (u == MinusInfinity<C>()) made[c] = u;
    }
  }
};

/// Those that are read as they are.
template <class D, class T>
struct PlainLogits : MadeLogits<D, T> {
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return LoadVector(D(), this->at + c); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return LoadPart(D(), this->at + c, count, MinusInfinity<T>());
  }
};

/// Those with a bias, and without a softcap.
template <class D, class T>
struct BiasedLogits : MadeLogits<D, T> {
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const {
    return this->Linear(LoadVector(D(), this->at + c), hn::LoadU(D(), this->bias + c));
  }
};

/// Those with a softcap. While they are made others are written: that is the loop which waits for memory.
template <class D, class T>
struct CappedLogits : MadeLogits<D, T> {
  static constexpr bool kMade = true;
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return hn::LoadU(D(), this->made + c); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return LoadPart(D(), this->made + c, count, MinusInfinity<hn::TFromD<D>>());
  }
  HWY_INLINE void Fetch(std::int64_t /*c*/, std::int64_t /*count*/) const {}
};

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_LOGITS_INL_H_
