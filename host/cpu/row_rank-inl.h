// How many classes of a long row come before one of them. No ordinary include guard: see vector-inl.h.
#if defined(XENT_HOST_CPU_ROW_RANK_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef XENT_HOST_CPU_ROW_RANK_INL_H_
#undef XENT_HOST_CPU_ROW_RANK_INL_H_
#else
#define XENT_HOST_CPU_ROW_RANK_INL_H_
#endif

#include "host/cpu/row_normaliser-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {

/// Of columns [begin, end), how many hold more than `least`, or as much where ties count.
template <bool kTies, class D, class Row>
HWY_NOINLINE std::int64_t CountAbove(D d, Row row, std::int64_t begin, std::int64_t end,
                                     hn::TFromD<D> least) {
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto bound = hn::Set(d, least);
  const auto above = [&](auto y) HWY_ATTR { return kTies ? hn::Ge(y, bound) : hn::Gt(y, bound); };
  // Counts stay in lanes, where numbers of the compute type are exact for as long as a block is.
  const auto one = hn::Set(d, hn::TFromD<D>{1});
  std::int64_t count = 0;
  std::int64_t c = begin;
  while (c + lanes <= end) {
    const std::int64_t block_end = HWY_MIN(end, c + kBlock * lanes);
    auto even = hn::Zero(d);
    auto odd = hn::Zero(d);
    for (; c + 2 * lanes <= block_end; c += 2 * lanes) {
      even = hn::Add(even, hn::IfThenElseZero(above(row.Whole(c)), one));
      odd = hn::Add(odd, hn::IfThenElseZero(above(row.Whole(c + lanes)), one));
    }
    if (c + lanes <= block_end) {
      even = hn::Add(even, hn::IfThenElseZero(above(row.Whole(c)), one));
      c += lanes;
    }
    count += static_cast<std::int64_t>(Total(d, hn::Add(even, odd)));
  }
  if (c == end) return count;
  const auto rest = static_cast<std::size_t>(end - c);
  const auto exists = hn::FirstN(d, rest);
  const auto y = row.Part(c, rest);
  const auto counts = hn::And(exists, above(y));
  return count + static_cast<std::int64_t>(hn::CountTrue(d, counts));
}

/// The rank of a label; -1 in a row with NaN.
template <class D, class Row>
std::int64_t RankOf(D d, const Row& row, std::int64_t classes, std::int64_t label, const RowSums& sums) {
  if (!(sums.state.rest == sums.state.rest)) {
    for (std::int64_t c = 0; c < classes; ++c) {
      if (row.One(c) != row.One(c)) return -1;
    }
  }
  const auto y = row.One(label);
  return CountAbove<true>(d, row, 0, label, y) + CountAbove<false>(d, row, label + 1, classes, y);
}

}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // XENT_HOST_CPU_ROW_RANK_INL_H_
