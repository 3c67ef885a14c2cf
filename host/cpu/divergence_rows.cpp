// Divergences of rows of any length. Both rows are brought into scratch memory in the compute type, which is
// where all passes but the first read them: as gaps to their maxima, then as what the gradients are made of.
#include "host/cpu/divergence_rows.hpp"

#include <cmath>
#include <limits>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/divergence_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/divergence-inl.h"
#include "host/cpu/row_write-inl.h"
#include "host/cpu/rows.hpp"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// Scratch for a row, in whole vectors with one to spare: loops over it have no tail, and what lies past the
/// row are masked classes.
template <class C>
struct RowScratch {
  std::int64_t size = 0;
  C* p = nullptr;
  C* q = nullptr;
  C* p_ratio = nullptr;
  C* q_ratio = nullptr;

  static RowScratch For(std::int64_t classes) {
    thread_local Scratch memory;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(hn::ScalableTag<C>()));
    const std::int64_t size = (classes + lanes - 1) / lanes * lanes;
    const std::int64_t room = size + lanes;
    C* base = memory.get<C>(static_cast<std::size_t>(4 * room));
    return {size, base, base + room, base + 2 * room, base + 3 * room};
  }
};

/// A row into scratch; its largest logit, of those that are not NaN.
template <class T, class C>
C ReadRow(const ConstMatrixView& matrix, std::int64_t r, C* to, std::int64_t size) {
  const hn::ScalableTag<C> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const Layout& l = matrix.layout;
  const T* row = static_cast<const T*>(matrix.data) + l.row_offset(r);
  std::int64_t c = 0;
  if (contiguous_rows(l)) {
    for (; c + lanes <= l.classes; c += lanes) hn::StoreU(LoadVector(d, row + c), d, to + c);
  }
  for (; c < l.classes; ++c) to[c] = static_cast<C>(row[c * l.class_stride]);
  for (; c < size; ++c) to[c] = MinusInfinity<C>();
  auto max = hn::Set(d, MinusInfinity<C>());
  for (c = 0; c < size; c += lanes) {
    const auto z = hn::LoadU(d, to + c);
    max = hn::Max(max, hn::IfThenElse(hn::IsNaN(z), max, z));
  }
  return hn::GetLane(hn::MaxOfLanes(d, max));
}

/// The row's logits become (z - max) / T. Its rest: Σ of their exponentials without the maximum's own 1,
/// those below 1 added up and the others counted; NaN if there is no distribution.
template <class C>
double Normalise(C* z, std::int64_t size, C max, C inverse_temperature) {
  const hn::ScalableTag<C> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  if (max == MinusInfinity<C>()) return std::numeric_limits<double>::quiet_NaN();
  const auto one = hn::Set(d, C{1});
  double all_below = 0.0;
  double all_ones = 0.0;
  for (std::int64_t begin = 0; begin < size; begin += kBlock) {
    auto below = hn::Zero(d);
    auto ones = hn::Zero(d);
    for (std::int64_t c = begin; c < HWY_MIN(size, begin + kBlock); c += lanes) {
      const auto gap =
          hn::Mul(hn::Sub(hn::LoadU(d, z + c), hn::Set(d, max)), hn::Set(d, inverse_temperature));
      const auto e = ExpNotAbove(d, gap);
      const auto is_one = hn::Ge(e, one);
      below = hn::Add(below, hn::IfThenZeroElse(is_one, e));
      ones = hn::Add(ones, hn::IfThenElseZero(is_one, one));
      hn::StoreU(gap, d, z + c);
    }
    all_below += Total(d, below);
    all_ones += Total(d, ones);
  }
  return all_below + (all_ones - 1.0);
}

/// KL(p‖m) and KL(q‖m); of the Kullback-Leibler divergence only the first, m being q.
struct RowDivergence {
  double of_p = 0.0;
  double of_q = 0.0;
};

/// Reads the gaps of both rows; with kKeep leaves p, q, log(p/m) and log(q/m) in their place, or q - p for q.
template <bool kJensenShannon, bool kKeep, class C>
RowDivergence Divergence(const RowScratch<C>& row, double p_rest, double q_rest, double beta) {
  const hn::ScalableTag<C> d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  const auto p_factor = hn::Set(d, static_cast<C>(1.0 / (1.0 + p_rest)));
  const auto q_factor = hn::Set(d, static_cast<C>(1.0 / (1.0 + q_rest)));
  const auto log_sums = hn::Set(d, static_cast<C>(std::log1p(p_rest) - std::log1p(q_rest)));
  const auto b = hn::Set(d, static_cast<C>(beta));
  const auto one_less_b = hn::Set(d, static_cast<C>(1.0 - beta));
  const auto masked = hn::Set(d, MinusInfinity<C>());
  RowDivergence total;
  for (std::int64_t begin = 0; begin < row.size; begin += kBlock) {
    auto p_sum = hn::Zero(d);
    auto q_sum = hn::Zero(d);
    for (std::int64_t c = begin; c < HWY_MIN(row.size, begin + kBlock); c += lanes) {
      const auto p_gap = hn::LoadU(d, row.p + c);
      const auto q_gap = hn::LoadU(d, row.q + c);
      const auto p = hn::Mul(ExpNotAbove(d, p_gap), p_factor);
      const auto q = hn::Mul(ExpNotAbove(d, q_gap), q_factor);
      const auto absent = hn::And(hn::Eq(p_gap, masked), hn::Eq(q_gap, masked));
      const auto s = hn::IfThenZeroElse(absent, hn::Sub(hn::Sub(p_gap, q_gap), log_sums));
      if constexpr (kJensenShannon) {
        const auto ratios = OverMixture(d, s, b, one_less_b);
        const auto m = hn::MulAdd(b, p, hn::Mul(one_less_b, q));
        p_sum = hn::Add(p_sum, Excess(d, p, m, ratios.p_over_m));
        q_sum = hn::Add(q_sum, Excess(d, q, m, ratios.q_over_m));
        if constexpr (kKeep) {
          hn::StoreU(p, d, row.p + c);
          hn::StoreU(q, d, row.q + c);
          hn::StoreU(ratios.p_over_m, d, row.p_ratio + c);
          hn::StoreU(ratios.q_over_m, d, row.q_ratio + c);
        }
      } else {
        p_sum = hn::Add(p_sum, Excess(d, p, q, s));
        if constexpr (kKeep) {
          hn::StoreU(p, d, row.p + c);
          hn::StoreU(Difference(d, p, q, s), d, row.q + c);
          hn::StoreU(s, d, row.p_ratio + c);
        }
      }
    }
    total.of_p += Total(d, p_sum);
    total.of_q += Total(d, q_sum);
  }
  return total;
}

/// scale · p · (log(p/m) - mean).
template <class D>
struct WeighedRatio {
  using C = hn::TFromD<D>;
  D d{};
  const C* p = nullptr;
  const C* ratio = nullptr;
  C mean = C{0};
  C scale = C{1};

  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const {
    const auto of_p = hn::LoadU(d, p + c);
    const auto g = OfNothing(d, of_p, hn::Sub(hn::LoadU(d, ratio + c), hn::Set(d, mean)));
    return hn::Mul(g, hn::Set(d, scale));
  }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t /*count*/) const { return Whole(c); }
};

template <class D>
struct Scaled {
  using C = hn::TFromD<D>;
  D d{};
  const C* values = nullptr;
  C scale = C{1};

  HWY_INLINE hn::Vec<D> Whole(std::int64_t c) const {
    return hn::Mul(hn::LoadU(d, values + c), hn::Set(d, scale));
  }
  HWY_INLINE hn::Vec<D> Part(std::int64_t c, std::size_t /*count*/) const { return Whole(c); }
};

template <class T, class Value>
void WriteGradient(const DivergenceJob& job, const MatrixView& grad, std::int64_t r, const Value& value) {
  thread_local Scratch packed;
  T* out = row_to_write<T>(grad, r, packed);
  WriteRow(hn::ScalableTag<Compute<T>>(), out, grad.layout.classes, value, job.streaming_stores);
  write_row(grad, r, out);
}

/// Row r's loss; its gradients are written.
template <bool kJensenShannon, class T>
double Row(const DivergenceJob& job, std::int64_t r) {
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  const auto row = RowScratch<C>::For(job.p_logits.layout.classes);
  const auto inverse_temperature = static_cast<C>(1.0 / job.temperature);
  const C p_max = ReadRow<T>(job.p_logits, r, row.p, row.size);
  const C q_max = ReadRow<T>(job.q_logits, r, row.q, row.size);
  const double p_rest = Normalise(row.p, row.size, p_max, inverse_temperature);
  const double q_rest = Normalise(row.q, row.size, q_max, inverse_temperature);
  const bool keep = job.grad_p.given() || job.grad_q.given();
  const RowDivergence found = keep ? Divergence<kJensenShannon, true>(row, p_rest, q_rest, job.beta)
                                   : Divergence<kJensenShannon, false>(row, p_rest, q_rest, job.beta);
  // Where a row is no distribution, nothing is.
  const bool exists = p_rest == p_rest && q_rest == q_rest;
  const double nothing = exists ? 0.0 : std::numeric_limits<double>::quiet_NaN();
  const double scale = job.row_scale(r) + nothing;
  if constexpr (kJensenShannon) {
    if (job.grad_p.given()) {
      WriteGradient<T>(job, job.grad_p, r,
                       WeighedRatio<D>{.p = row.p,
                                       .ratio = row.p_ratio,
                                       .mean = static_cast<C>(found.of_p),
                                       .scale = static_cast<C>(scale * job.beta)});
    }
    if (job.grad_q.given()) {
      WriteGradient<T>(job, job.grad_q, r,
                       WeighedRatio<D>{.p = row.q,
                                       .ratio = row.q_ratio,
                                       .mean = static_cast<C>(found.of_q),
                                       .scale = static_cast<C>(scale * (1.0 - job.beta))});
    }
    return job.beta * found.of_p + (1.0 - job.beta) * found.of_q + nothing;
  } else {
    if (job.grad_p.given()) {
      const bool infinite = std::isinf(found.of_p);
      WriteGradient<T>(
          job, job.grad_p, r,
          WeighedRatio<D>{.p = row.p,
                          .ratio = row.p_ratio,
                          .mean = static_cast<C>(found.of_p),
                          .scale = infinite ? std::numeric_limits<C>::quiet_NaN() : static_cast<C>(scale)});
    }
    if (job.grad_q.given()) {
      WriteGradient<T>(job, job.grad_q, r, Scaled<D>{.values = row.q, .scale = static_cast<C>(scale)});
    }
    return found.of_p + nothing;
  }
}

void DivergenceRows(const DivergenceJob& job, std::int64_t begin, std::int64_t end,
                    const RowParts<double>& parts) {
  with_element_type(job.p_logits.dtype, [&]<class T>(T /*type*/) {
    for (std::int64_t r = begin; r < end; ++r) {
      const double loss = job.jensen_shannon ? Row<true, T>(job, r) : Row<false, T>(job, r);
      if (job.row_loss.given()) store(job.row_loss, r, loss);
      parts.of(r) += loss;
    }
  });
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(DivergenceRows);

void divergence_rows(const DivergenceJob& job, std::int64_t begin, std::int64_t end,
                     const RowParts<double>& parts) {
  HWY_DYNAMIC_DISPATCH(DivergenceRows)(job, begin, end, parts);
}

}  // namespace xent::cpu
#endif
