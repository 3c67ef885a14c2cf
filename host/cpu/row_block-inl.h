// What the first pass over a long row does with a block of its columns.
#if defined(XENT_HOST_CPU_ROW_BLOCK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_BLOCK_INL_H_
#undef XENT_HOST_CPU_ROW_BLOCK_INL_H_
#else
#define XENT_HOST_CPU_ROW_BLOCK_INL_H_
#endif

#include <hwy/cache_control.h>

#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Columns that are summed in the compute type before they go into a double.
inline constexpr std::int64_t kBlock = 2048;

/// Fetches what lies ahead, so that memory never waits. It may reach past the row: a prefetch never faults,
/// and there lies the next row.
template <class T>
HWY_INLINE void PrefetchAhead(const T* at, std::int64_t count) {
  constexpr std::uintptr_t kLine = 64;
  constexpr std::uintptr_t kAhead = 8192;
  const auto begin = reinterpret_cast<std::uintptr_t>(at) + kAhead;
  const auto bytes = static_cast<std::uintptr_t>(count) * sizeof(T);
  for (std::uintptr_t b = 0; b < bytes; b += kLine) hwy::Prefetch(reinterpret_cast<const void*>(begin + b));
}

template <class D>
HWY_INLINE double Total(D d, hn::Vec<D> v) {
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, v)));
}

/// What loops do meanwhile that have nothing else to do, and keep nothing.
struct Nothing {
  HWY_INLINE void operator()() const {}
  template <class D>
  HWY_INLINE void Keep(D /*d*/, std::int64_t /*c*/, hn::Vec<D> /*e*/) const {}
  template <class C>
  HWY_INLINE void SetReference(std::int64_t /*block*/, C /*reference*/) const {}
  Nothing keeper() const { return {}; }
};

/// The logits that a row's loops read, where they lie.
template <class D, class T>
struct Logits {
  using C = hn::TFromD<D>;
  const T* at = nullptr;
  static constexpr bool kMade = false;  ///< Prepare() reads memory, and nothing else does

  /// Before columns [begin, end) are read for the first time.
  template <class Meanwhile>
  void Prepare(std::int64_t /*begin*/, std::int64_t /*end*/, const Meanwhile& /*meanwhile*/) const {}
  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const { return LoadVector(D(), at + c); }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t count) const {
    return LoadPart(D(), at + c, count, MinusInfinity<T>());
  }
  HWY_INLINE void Fetch(std::int64_t c, std::int64_t count) const { PrefetchAhead(at + c, count); }
  C One(std::int64_t c) const { return static_cast<C>(at[c]); }
};

/// A row of which nothing but exponentials is summed.
template <class D>
struct NoTerms {
  static constexpr bool kAny = false;
  static constexpr bool kEntropy = false;
  struct Inputs {
    HWY_INLINE void Fetch(std::int64_t /*c*/, std::int64_t /*count*/) const {}
  };
  Inputs inputs{};
};

/// What a block adds up to, lane by lane, in an order that column numbers alone decide. Exponentials count
/// from the reference, a number near the row's maximum that is known before the block is read.
template <class D, class Terms>
struct BlockSums {
  using V = hn::Vec<D>;
  using C = hn::TFromD<D>;
  D d{};
  V scale;
  V reference;
  V even = hn::Zero(d);  // Σ exp(x), x = scale·y - reference, over every other vector
  V odd = hn::Zero(d);
  V max_even = hn::Set(d, MinusInfinity<C>());
  V max_odd = max_even;
  V entropy_even = even;  // Σ exp(x)·x
  V entropy_odd = even;
  V linear_even = even;  // Σ x, infinite or NaN where a class is masked
  V linear_odd = even;

  // Written out: an implicit constructor would not be compiled for the target.
  BlockSums(C scale_, C reference_) : scale(hn::Set(D(), scale_)), reference(hn::Set(D(), reference_)) {}

  /// Gives the exponential. The exponent is rounded once, and where the scale is 1 as a difference would be.
  /// Far below the maximum it is cut off, where the exponential is exactly 0.
  HWY_INLINE V Add(V y, V exponent, V& sum, V& max, V& entropy) {
    max = hn::Max(max, y);
    const V x = AboveLowest(d, exponent);
    const V e = ExpWithin(d, x);
    sum = hn::Add(sum, e);
    if constexpr (Terms::kEntropy) entropy = hn::MulAdd(e, x, entropy);
    return e;
  }
  HWY_INLINE V Exponent(V y) const { return hn::MulSub(y, scale, reference); }
  HWY_INLINE V AddEven(V y) {
    const V exponent = Exponent(y);
    if constexpr (Terms::kAny) linear_even = hn::Add(linear_even, exponent);
    return Add(y, exponent, even, max_even, entropy_even);
  }
  HWY_INLINE V AddOdd(V y) {
    const V exponent = Exponent(y);
    if constexpr (Terms::kAny) linear_odd = hn::Add(linear_odd, exponent);
    return Add(y, exponent, odd, max_odd, entropy_odd);
  }
  HWY_INLINE V AddPart(V y, std::size_t count) {
    const V exponent = Exponent(y);
    if constexpr (Terms::kAny) {
      linear_odd = hn::Add(linear_odd, hn::IfThenElseZero(hn::FirstN(d, count), exponent));
    }
    return Add(y, exponent, odd, max_odd, entropy_odd);
  }
  HWY_INLINE V Max() const { return hn::Max(max_even, max_odd); }
  HWY_INLINE double Sum() const { return Total(d, hn::Add(even, odd)); }
  HWY_INLINE double Entropy() const {
    return Terms::kEntropy ? Total(d, hn::Add(entropy_even, entropy_odd)) : 0.0;
  }
  HWY_INLINE double Linear() const { return Total(d, hn::Add(linear_even, linear_odd)); }
};

/// Reads n columns from `begin` on. `meanwhile()` is called after the loads of at most two vectors of them,
/// `meanwhile.Keep` with the exponentials of each vector, those of columns that do not exist being 0.
template <class Terms, class D, class Row, class Meanwhile, class C = hn::TFromD<D>>
HWY_NOINLINE BlockSums<D, Terms> ReadBlock(D d, Row row, typename Terms::Inputs in, std::int64_t begin,
                                           std::int64_t n, C scale, C reference, Meanwhile& to_do) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  Meanwhile meanwhile = to_do;  // locals stay in registers, which results and arguments do not
  BlockSums<D, Terms> sums(scale, reference);
  const std::int64_t end = begin + n;
  std::int64_t c = begin;
  for (; c + 2 * lanes <= end; c += 2 * lanes) {
    row.Fetch(c, 2 * lanes);
    in.Fetch(c, 2 * lanes);
    const auto y0 = row.Whole(c);
    const auto y1 = row.Whole(c + lanes);
    meanwhile();
    meanwhile.Keep(d, c, sums.AddEven(y0));
    meanwhile.Keep(d, c + lanes, sums.AddOdd(y1));
  }
  if (c + lanes <= end) {
    const auto y = row.Whole(c);
    meanwhile();
    meanwhile.Keep(d, c, sums.AddEven(y));
    c += lanes;
  }
  if (c < end) {
    const auto count = static_cast<std::size_t>(end - c);
    const auto y = row.Part(c, count);
    meanwhile();
    meanwhile.Keep(d, c, sums.AddPart(y, count));
  }
  to_do = meanwhile;
  return BlockSums<D, Terms>(sums);
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_BLOCK_INL_H_
