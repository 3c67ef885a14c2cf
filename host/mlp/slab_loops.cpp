// Highway compiles this file once per instruction set; the functions at its end pick the best at run time.
#include "host/mlp/slab_loops.hpp"

#include <bit>

#include <hwy/cache_control.h>

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/mlp/slab_loops.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/mlp/slab_strip-inl.h"
#include "host/mlp/update-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::mlp::HWY_NAMESPACE {
namespace {
namespace hn = hwy::HWY_NAMESPACE;

/// Asks for what will be wanted soon: the weights and moments of a network come from the last-level cache.
HWY_INLINE void prefetch_row(const float* row) {
  for (std::int64_t i = 0; i < kSlab; i += 16) hwy::Prefetch(row + i);
}

// Pixels between a prefetch and its use.
constexpr std::size_t kAhead = 2;

template <bool kAdaptive>
HWY_INLINE void update_strip(const UpdateRuleF32& rule, const Strip& gradient, const SlabTensor& tensor,
                             std::int64_t first) {
  for_vectors(gradient, [&](const V& g, std::int64_t i) HWY_ATTR {
    const std::int64_t place = first + i;
    if constexpr (kAdaptive) {
      update_adam(Floats(), rule, g, tensor.value + place, tensor.moment1 + place, tensor.moment2 + place);
    } else {
      update_sgd(Floats(), rule, g, tensor.value + place, tensor.moment1 + place);
    }
  });
}

/// Pixels of which some are not zero: bit j of `marks` stands for the byte at j · stride.
struct MarkedPixels {
  std::uint64_t marks;
  const std::uint8_t* bytes;
  std::int64_t stride;
};

/// sums += Σ_j values[byte j] · rows[j], for the marked j in ascending order.
HWY_INLINE void add_marked(Strip& sums, const MarkedPixels& pixels, const float* values, const float* rows) {
  for (std::uint64_t marks = pixels.marks; marks != 0; marks &= marks - 1) {
    const std::int64_t j = std::countr_zero(marks);
    add_times(sums, values[pixels.bytes[j * pixels.stride]], rows + j * kSlab);
  }
}

/// Not Max: on x86 it would turn NaN into 0 and hide that training has diverged.
HWY_INLINE void cut_negative(float* x, std::int64_t n) {
  const Floats d;
  for (std::int64_t i = 0; i < n; i += lanes()) {
    const V sum = hn::Load(d, x + i);
    hn::Store(hn::IfThenZeroElse(hn::Lt(sum, hn::Zero(d)), sum), d, x + i);
  }
}

// Pixel by pixel a row of weights would come from the second-level cache each time. So the batch goes through
// 64 pixels, whose weights stay in the first level, and then through the next 64.
void Hidden(const PixelBatch& x, const float* weight, const float* bias, float* hidden) {
  constexpr std::int64_t kBlock = PixelBatch::kWord;
  for (std::int64_t w = 0; w < x.row_words(); ++w) {
    const float* block = weight + w * kBlock * kSlab;
    for (std::int64_t r = 0; r < x.rows(); ++r) {
      const std::int64_t next = w * kBlock + kBlock + r % kBlock;
      if (next < x.features()) prefetch_row(weight + next * kSlab);
      const MarkedPixels pixels{x.row_word(r, w), x.row(r) + w * kBlock, 1};
      float* out = hidden + r * kSlab;
      for (std::int64_t s = 0; s < kSlab; s += strip_width()) {
        Strip sums = load((w == 0 ? bias : out) + s);
        add_marked(sums, pixels, x.values(), block + s);
        store(sums, out + s);
      }
    }
  }
  cut_negative(hidden, x.rows() * kSlab);
}

void Logits(const float* hidden, std::int64_t rows, const float* weight, std::int64_t classes,
            float* logits) {
  const Floats d;
  for (std::int64_t r = 0; r < rows; ++r) {
    for (std::int64_t c = 0; c < classes; ++c) {
      V even = hn::Zero(d), odd = hn::Zero(d);
      for (std::int64_t i = 0; i < kSlab; i += 2 * lanes()) {
        const std::int64_t j = i + lanes();
        even = hn::MulAdd(hn::Load(d, hidden + r * kSlab + i), hn::Load(d, weight + c * kSlab + i), even);
        odd = hn::MulAdd(hn::Load(d, hidden + r * kSlab + j), hn::Load(d, weight + c * kSlab + j), odd);
      }
      logits[r * classes + c] = hn::GetLane(hn::SumOfLanes(d, hn::Add(even, odd)));
    }
  }
}

void Delta(const LogitGradient& gradient, const float* weight, const float* hidden, float scale,
           float* delta) {
  for (std::int64_t s = 0; s < kSlab; s += strip_width()) {
    for (std::int64_t r = 0; r < gradient.rows; ++r) {
      Strip sums = zeros();
      for (std::int64_t c = 0; c < gradient.classes; ++c) {
        add_times(sums, gradient.data[r * gradient.classes + c], weight + c * kSlab + s);
      }
      const std::int64_t first = r * kSlab + s;
      for_vectors(sums, [&](const V& sum, std::int64_t i) HWY_ATTR {
        const Floats d;
        const auto cut = hn::Le(hn::Load(d, hidden + first + i), hn::Zero(d));
        const V scaled = hn::IfThenZeroElse(cut, hn::Mul(sum, hn::Set(d, scale)));
        hn::Store(without_tiny(d, scaled), d, delta + first + i);
      });
    }
  }
}

template <bool kAdaptive>
void UpdateOutputsBy(UpdateRuleF32 rule, const LogitGradient& gradient, const float* hidden,
                     const SlabTensor& weight) {
  for (std::int64_t s = 0; s < kSlab; s += strip_width()) {
    for (std::int64_t c = 0; c < gradient.classes; ++c) {
      Strip sums = zeros();
      for (std::int64_t r = 0; r < gradient.rows; ++r) {
        add_times(sums, gradient.data[r * gradient.classes + c], hidden + r * kSlab + s);
      }
      update_strip<kAdaptive>(rule, sums, weight, c * kSlab + s);
    }
  }
}

template <bool kAdaptive>
void UpdateBiasBy(UpdateRuleF32 rule, const float* delta, std::int64_t rows, const SlabTensor& bias) {
  for (std::int64_t s = 0; s < kSlab; s += strip_width()) {
    Strip sums = zeros();
    for (std::int64_t r = 0; r < rows; ++r) add_times(sums, 1.0F, delta + r * kSlab + s);
    update_strip<kAdaptive>(rule, sums, bias, s);
  }
}

template <bool kAdaptive>
void UpdateInputsBy(UpdateRuleF32 rule, const PixelBatch& x, const float* delta, const SlabTensor& weight) {
  const std::span<const std::int32_t> lit = x.lit();
  for (std::size_t n = 0; n < lit.size(); ++n) {
    const std::int64_t i = lit[n];
    if (n + kAhead < lit.size()) {
      const std::int64_t ahead = lit[n + kAhead] * kSlab;
      prefetch_row(weight.value + ahead);
      prefetch_row(weight.moment1 + ahead);
      if constexpr (kAdaptive) prefetch_row(weight.moment2 + ahead);
    }
    for (std::int64_t s = 0; s < kSlab; s += strip_width()) {
      Strip gradient = zeros();
      for (std::int64_t w = 0; w < x.column_words(); ++w) {
        const std::int64_t first = w * PixelBatch::kWord;
        const MarkedPixels rows{x.column_word(i, w), x.row(first) + i, x.stride()};
        add_marked(gradient, rows, x.values(), delta + first * kSlab + s);
      }
      update_strip<kAdaptive>(rule, gradient, weight, i * kSlab + s);
    }
  }
}

template <bool kAdaptive>
void UpdateIdleBy(std::span<const UpdateRuleF32> rules, std::int64_t i, const SlabTensor& weight) {
  for (const UpdateRuleF32& one : rules) {
    const UpdateRuleF32 rule = one;  // a copy, which no store can change
    for (std::int64_t s = 0; s < kSlab; s += strip_width()) {
      update_strip<kAdaptive>(rule, zeros(), weight, i * kSlab + s);
    }
  }
}

void UpdateOutputs(const UpdateRuleF32& rule, const LogitGradient& gradient, const float* hidden,
                   const SlabTensor& weight) {
  const auto run = rule.adaptive ? UpdateOutputsBy<true> : UpdateOutputsBy<false>;
  run(rule, gradient, hidden, weight);
}

void UpdateBias(const UpdateRuleF32& rule, const float* delta, std::int64_t rows, const SlabTensor& bias) {
  const auto run = rule.adaptive ? UpdateBiasBy<true> : UpdateBiasBy<false>;
  run(rule, delta, rows, bias);
}

void UpdateInputs(const UpdateRuleF32& rule, const PixelBatch& x, const float* delta,
                  const SlabTensor& weight) {
  const auto run = rule.adaptive ? UpdateInputsBy<true> : UpdateInputsBy<false>;
  run(rule, x, delta, weight);
}

void UpdateIdle(std::span<const UpdateRuleF32> rules, std::int64_t i, const SlabTensor& weight) {
  const auto run = rules.front().adaptive ? UpdateIdleBy<true> : UpdateIdleBy<false>;
  run(rules, i, weight);
}

}  // namespace
}  // namespace xent::mlp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::mlp {

HWY_EXPORT(Hidden);
HWY_EXPORT(Logits);
HWY_EXPORT(Delta);
HWY_EXPORT(UpdateOutputs);
HWY_EXPORT(UpdateBias);
HWY_EXPORT(UpdateInputs);
HWY_EXPORT(UpdateIdle);

void slab_hidden(const PixelBatch& x, const float* weight, const float* bias, float* hidden) {
  HWY_DYNAMIC_DISPATCH(Hidden)(x, weight, bias, hidden);
}

void slab_logits(const float* hidden, std::int64_t rows, const float* weight, std::int64_t classes,
                 float* logits) {
  HWY_DYNAMIC_DISPATCH(Logits)(hidden, rows, weight, classes, logits);
}

void slab_delta(const LogitGradient& gradient, const float* weight, const float* hidden, float scale,
                float* delta) {
  HWY_DYNAMIC_DISPATCH(Delta)(gradient, weight, hidden, scale, delta);
}

void slab_update_outputs(const UpdateRuleF32& rule, const LogitGradient& gradient, const float* hidden,
                         const SlabTensor& weight) {
  HWY_DYNAMIC_DISPATCH(UpdateOutputs)(rule, gradient, hidden, weight);
}

void slab_update_bias(const UpdateRuleF32& rule, const float* delta, std::int64_t rows,
                      const SlabTensor& bias) {
  HWY_DYNAMIC_DISPATCH(UpdateBias)(rule, delta, rows, bias);
}

void slab_update_inputs(const UpdateRuleF32& rule, const PixelBatch& x, const float* delta,
                        const SlabTensor& weight) {
  HWY_DYNAMIC_DISPATCH(UpdateInputs)(rule, x, delta, weight);
}

void slab_update_idle(std::span<const UpdateRuleF32> rules, std::int64_t i, const SlabTensor& weight) {
  if (!rules.empty()) HWY_DYNAMIC_DISPATCH(UpdateIdle)(rules, i, weight);
}

}  // namespace xent::mlp
#endif  // HWY_ONCE
