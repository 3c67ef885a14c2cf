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
  const auto end = begin + static_cast<std::uintptr_t>(count) * sizeof(T);
  for (auto line = begin; line < end; line += kLine) {
    hwy::Prefetch(reinterpret_cast<const void*>(line));
  }
}

template <class D>
HWY_INLINE double Total(D d, hn::Vec<D> v) {
  return static_cast<double>(hn::GetLane(hn::SumOfLanes(d, v)));
}

/// The logits that a row's loops read, where they lie.
template <class D, class T>
struct Logits {
  using C = hn::TFromD<D>;
  const T* at = nullptr;

  /// Before columns [begin, end) are read for the first time.
  void Prepare(std::int64_t /*begin*/, std::int64_t /*end*/) const {}
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
  struct Inputs {
    HWY_INLINE void Fetch(std::int64_t /*c*/, std::int64_t /*count*/) const {}
  };
  struct Block {
    HWY_INLINE void Add(const Inputs& /*in*/, std::int64_t /*c*/, hn::Vec<D> /*x*/, hn::Vec<D> /*e*/) {}
    HWY_INLINE void AddPart(const Inputs& /*in*/, std::int64_t /*c*/, std::size_t /*count*/, hn::Vec<D> /*x*/,
                            hn::Vec<D> /*e*/) {}
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
  V even = hn::Zero(d);  // Σ exp(scale·y - reference), over every other vector
  V odd = hn::Zero(d);
  V max_even = hn::Set(d, MinusInfinity<C>());
  V max_odd = max_even;
  typename Terms::Block terms_even{};
  typename Terms::Block terms_odd{};

  // Written out: an implicit constructor would not be compiled for the target.
  BlockSums(C scale_, C reference_) : scale(hn::Set(D(), scale_)), reference(hn::Set(D(), reference_)) {}

  /// The exponent is rounded once, and where the scale is 1 as a difference would be.
  HWY_INLINE V Exponent(V y) const { return hn::MulSub(y, scale, reference); }
  HWY_INLINE V Max() const { return hn::Max(max_even, max_odd); }
  HWY_INLINE double Sum() const { return Total(d, hn::Add(even, odd)); }
};

/// Adds vector `y` of columns from c on.
template <class Sums, class V, class Inputs, class Block>
HWY_INLINE void AddWhole(const Sums& sums, V y, V& sum, V& max, const Inputs& in, std::int64_t c,
                         Block& terms) {
  max = hn::Max(max, y);
  const V x = sums.Exponent(y);
  const V e = ExpNotAbove(sums.d, x);
  sum = hn::Add(sum, e);
  terms.Add(in, c, x, e);
}

/// Reads n columns from `begin` on. `meanwhile()` is called before every two vectors of them.
template <class Terms, class D, class Row, class Meanwhile, class C = hn::TFromD<D>>
HWY_INLINE BlockSums<D, Terms> ReadBlock(D d, const Row& row, const typename Terms::Inputs& in,
                                         std::int64_t begin, std::int64_t n, C scale, C reference,
                                         const Meanwhile& meanwhile) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  BlockSums<D, Terms> sums(scale, reference);
  const std::int64_t end = begin + n;
  std::int64_t c = begin;
  for (; c + 2 * lanes <= end; c += 2 * lanes) {
    row.Fetch(c, 2 * lanes);
    in.Fetch(c, 2 * lanes);
    meanwhile();
    const auto y0 = row.Whole(c);
    const auto y1 = row.Whole(c + lanes);
    AddWhole(sums, y0, sums.even, sums.max_even, in, c, sums.terms_even);
    AddWhole(sums, y1, sums.odd, sums.max_odd, in, c + lanes, sums.terms_odd);
  }
  if (c + lanes <= end) {
    AddWhole(sums, row.Whole(c), sums.even, sums.max_even, in, c, sums.terms_even);
    c += lanes;
  }
  if (c < end) {
    const auto count = static_cast<std::size_t>(end - c);
    const auto y = row.Part(c, count);
    sums.max_odd = hn::Max(sums.max_odd, y);
    const auto x = sums.Exponent(y);
    const auto e = ExpNotAbove(d, x);
    sums.odd = hn::Add(sums.odd, e);
    sums.terms_odd.AddPart(in, c, count, x, e);
  }
  return sums;
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_BLOCK_INL_H_
