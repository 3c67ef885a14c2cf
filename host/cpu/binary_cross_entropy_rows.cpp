// Binary cross-entropy: elements know nothing of their neighbours, so whole rows lie along the lanes one
// after another, and rows of any length fill vectors.
#include "host/cpu/binary_cross_entropy_rows.hpp"

#include <type_traits>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/cpu/binary_cross_entropy_rows.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/cpu/blocks.hpp"
#include "host/cpu/log1p-inl.h"
#include "host/cpu/vector-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::cpu::HWY_NAMESPACE {
namespace {

/// Σ of vectors of losses in double: one alone may be as large as a float can say.
template <class D>
class SumOfLosses {
 public:
  // Written out: an implicit constructor would not be compiled for the target.
  HWY_INLINE SumOfLosses() : first_(hn::Zero(Wide())), second_(hn::Zero(Wide())) {}

  HWY_INLINE void Add(hn::Vec<D> v) {
    if constexpr (std::is_same_v<hn::TFromD<D>, double>) {
      first_ = hn::Add(first_, v);
    } else {
#if HWY_TARGET == HWY_SCALAR
      first_ = hn::Add(first_, hn::PromoteTo(Wide(), v));
#else
      const hn::Half<D> half;
      first_ = hn::Add(first_, hn::PromoteTo(Wide(), hn::LowerHalf(half, v)));
      second_ = hn::Add(second_, hn::PromoteTo(Wide(), hn::UpperHalf(half, v)));
#endif
    }
  }
  HWY_INLINE double Total() const { return hn::GetLane(hn::SumOfLanes(Wide(), hn::Add(first_, second_))); }

 private:
  using Wide = hn::ScalableTag<double>;
  hn::Vec<Wide> first_;
  hn::Vec<Wide> second_;
};

template <class T>
class Blocks {
 public:
  using C = Compute<T>;
  using D = hn::ScalableTag<C>;
  using V = hn::Vec<D>;

  explicit Blocks(const BinaryCrossEntropyJob& job) : job_(job), scale_(static_cast<C>(job.scale)) {}

  /// Rows [begin, end), the sum of their losses.
  double Run(std::int64_t begin, std::int64_t end) {
    const std::int64_t classes = job_.logits.layout.classes;
    const std::int64_t rows = rows_per_block(classes);
    double total = 0.0;
    for (std::int64_t r = begin; r < end; r += rows) {
      for (std::int64_t c = 0; c < classes; c += kBlockElements) {
        total += Do({r, HWY_MIN(rows, end - r), c, HWY_MIN(kBlockElements, classes - c)});
      }
    }
    return total;
  }

 private:
  /// What is known of one vector of elements.
  struct Element {
    V x;
    V weight;    ///< w
    V positive;  ///< w·v
    V tail;      ///< log1p(e^-|x|)
    V on_one;    ///< y·w·v
    V on_zero;   ///< (1-y)·w
    V exponential;
  };

  double Do(const Block& block) {
    thread_local Scratch packed[8];
    x_ = read_block<T>(job_.logits, block, packed[0]);
    y_ = read_block<T>(job_.targets, block, packed[1]);
    g_ = read_block<T>(job_.upstream, block, packed[2]);
    const bool same_weights = block.rows == weights_of_.rows && block.column == weights_of_.column &&
                              block.columns == weights_of_.columns;
    if (!same_weights) {
      weights_of_ = block;
      weight_ = spread_weights<C>(job_.class_weights, block, packed[3]);
      pos_weight_ = spread_weights<C>(job_.pos_weight, block, packed[4]);
    }
    losses_ = block_to_write<T>(job_.losses, block, packed[5]);
    grad_ = block_to_write<T>(job_.grad, block, packed[6]);
    grad_targets_ = block_to_write<T>(job_.grad_targets, block, packed[7]);
    const double sum = Elements(block.size());
    write_block(job_.losses, block, losses_);
    write_block(job_.grad, block, grad_);
    write_block(job_.grad_targets, block, grad_targets_);
    return sum;
  }

  double Elements(std::int64_t size) const {
    const D d;
    const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
    const bool streams =
        job_.streaming_stores && CanStream(losses_) && CanStream(grad_) && CanStream(grad_targets_);
    SumOfLosses<D> sum;
    std::int64_t i = 0;
    if (streams) {
      for (; i + lanes <= size; i += lanes) sum.Add(Whole<true>(i));
    } else {
      for (; i + lanes <= size; i += lanes) sum.Add(Whole<false>(i));
    }
    if (i < size) sum.Add(Part(i, static_cast<std::size_t>(size - i)));
    return sum.Total();
  }

  static bool CanStream(const T* to) {
    return reinterpret_cast<std::uintptr_t>(to) % (hn::Lanes(D()) * sizeof(T)) == 0;
  }

  template <bool kStream>
  HWY_INLINE V Whole(std::int64_t i) const {
    const D d;
    const V ones = hn::Set(d, C{1});
    const V weight = weight_ == nullptr ? ones : hn::LoadU(d, weight_ + i);
    const V pos_weight = pos_weight_ == nullptr ? ones : hn::LoadU(d, pos_weight_ + i);
    const Element e = Of(LoadVector(d, x_ + i), LoadVector(d, y_ + i), weight, pos_weight);
    const V loss = Loss(e);
    if (losses_ != nullptr) StoreVector<kStream>(d, loss, losses_ + i);
    if (grad_ == nullptr && grad_targets_ == nullptr) return loss;
    V scale = hn::Set(d, scale_);
    if (g_ != nullptr) scale = hn::Mul(scale, LoadVector(d, g_ + i));
    if (grad_ != nullptr) StoreVector<kStream>(d, Grad(e, scale), grad_ + i);
    if (grad_targets_ != nullptr) StoreVector<kStream>(d, GradTarget(e, scale), grad_targets_ + i);
    return loss;
  }

  HWY_INLINE V Part(std::int64_t i, std::size_t n) const {
    const D d;
    const V ones = hn::Set(d, C{1});
    const V weight = weight_ == nullptr ? ones : LoadPart(d, weight_ + i, n, C{1});
    const V pos_weight = pos_weight_ == nullptr ? ones : LoadPart(d, pos_weight_ + i, n, C{1});
    const Element e =
        Of(LoadPart(d, x_ + i, n, T(0.0F)), LoadPart(d, y_ + i, n, T(0.0F)), weight, pos_weight);
    const V loss = Loss(e);
    if (losses_ != nullptr) StorePart(d, loss, losses_ + i, n);
    V scale = hn::Set(d, scale_);
    if (g_ != nullptr) scale = hn::Mul(scale, LoadPart(d, g_ + i, n, T(0.0F)));
    if (grad_ != nullptr) StorePart(d, Grad(e, scale), grad_ + i, n);
    if (grad_targets_ != nullptr) StorePart(d, GradTarget(e, scale), grad_targets_ + i, n);
    return hn::IfThenElseZero(hn::FirstN(d, n), loss);
  }

  /// Nothing of an infinity is nothing.
  static HWY_INLINE V Times(V coefficient, V value) {
    return hn::IfThenZeroElse(hn::Eq(coefficient, hn::Zero(D())), hn::Mul(coefficient, value));
  }
  static HWY_INLINE V Above(V x) { return hn::Max(x, hn::Zero(D())); }
  static HWY_INLINE V Below(V x) { return hn::Max(hn::Neg(x), hn::Zero(D())); }

  HWY_INLINE Element Of(V x, V y, V weight, V pos_weight) const {
    const D d;
    const V one = hn::Set(d, C{1});
    Element e;
    e.x = x;
    e.weight = weight;
    e.positive = hn::Mul(weight, pos_weight);
    e.exponential = ExpNotAbove(d, hn::Neg(hn::Abs(x)));
    e.tail = Log1p(d, e.exponential, hn::Add(one, e.exponential));
    e.on_one = hn::Mul(e.positive, y);
    e.on_zero = hn::Mul(weight, hn::Sub(one, y));
    return e;
  }

  // A NaN comes through the tail, which is never infinite; the rest may hide it.
  HWY_INLINE V Loss(const Element& e) const {
    const V tail = hn::Mul(hn::Add(e.on_one, e.on_zero), e.tail);
    return hn::Add(Times(e.on_one, Below(e.x)), hn::Add(Times(e.on_zero, Above(e.x)), tail));
  }
  HWY_INLINE V Grad(const Element& e, V scale) const {
    const D d;
    const V one = hn::Set(d, C{1});
    const V large = hn::Div(one, hn::Add(one, e.exponential));
    const V small = hn::Mul(e.exponential, large);
    const auto negative = hn::Lt(e.x, hn::Zero(d));
    const V sigma = hn::IfThenElse(negative, small, large);
    const V one_less = hn::IfThenElse(negative, large, small);  // σ(-x)
    return hn::Mul(hn::Sub(hn::Mul(e.on_zero, sigma), hn::Mul(e.on_one, one_less)), scale);
  }
  HWY_INLINE V GradTarget(const Element& e, V scale) const {
    const V positive = hn::Mul(e.positive, scale);
    const V weight = hn::Mul(e.weight, scale);
    const V tail = hn::Mul(hn::Sub(positive, weight), e.tail);
    return hn::Add(hn::Sub(Times(positive, Below(e.x)), Times(weight, Above(e.x))), tail);
  }

  const BinaryCrossEntropyJob& job_;
  C scale_;
  Block weights_of_{};
  const C* weight_ = nullptr;
  const C* pos_weight_ = nullptr;
  const T* x_ = nullptr;
  const T* y_ = nullptr;
  const T* g_ = nullptr;
  T* losses_ = nullptr;
  T* grad_ = nullptr;
  T* grad_targets_ = nullptr;
};

void BinaryCrossEntropyRows(const BinaryCrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                            const RowParts<double>& parts) {
  with_element_type(job.logits.dtype, [&]<class T>(T /*type*/) {
    Blocks<T> blocks(job);
    for (std::int64_t r = begin; r < end; r += parts.rows_per_part) {
      parts.of(r) = blocks.Run(r, HWY_MIN(end, r + parts.rows_per_part));
    }
  });
  if (job.streaming_stores) hwy::FlushStream();
}

}  // namespace
}  // namespace xent::cpu::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::cpu {

HWY_EXPORT(BinaryCrossEntropyRows);

void binary_cross_entropy_rows(const BinaryCrossEntropyJob& job, std::int64_t begin, std::int64_t end,
                               const RowParts<double>& parts) {
  HWY_DYNAMIC_DISPATCH(BinaryCrossEntropyRows)(job, begin, end, parts);
}

}  // namespace xent::cpu
#endif
