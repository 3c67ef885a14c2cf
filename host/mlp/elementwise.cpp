// Highway compiles this file once per instruction set; the functions at its end pick the best at run time.
#include "host/mlp/elementwise.hpp"

#include <algorithm>
#include <vector>

// Names this very file to foreach_target.h, which includes it again for each target.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "host/mlp/elementwise.cpp"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "host/mlp/update-inl.h"

HWY_BEFORE_NAMESPACE();
namespace xent::mlp::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

using Floats = hn::ScalableTag<float>;

/// Calls body(tag, i) for all of [0, n): with full vectors, then one element at a time. Which of the two an
/// element meets does not change its result: every operation below is exact or correctly rounded per lane.
template <class Body>
HWY_INLINE void for_each(std::int64_t n, const Body& body) {
  const Floats d;
  const auto lanes = static_cast<std::int64_t>(hn::Lanes(d));
  std::int64_t i = 0;
  for (; i + lanes <= n; i += lanes) body(d, i);
  for (; i < n; ++i) body(hn::CappedTag<float, 1>(), i);
}

void NormalisePixels(const std::uint8_t* pixels, std::int64_t n, float* out) {
  for_each(n, [=](auto d, std::int64_t i) HWY_ATTR {
    const hn::Rebind<std::uint8_t, decltype(d)> d8;
    const hn::RebindToSigned<decltype(d)> d32;
    const auto integers = hn::PromoteTo(d32, hn::LoadU(d8, pixels + i));
    hn::StoreU(hn::Div(hn::ConvertTo(d, integers), hn::Set(d, 255.0F)), d, out + i);
  });
}

void AddBias(const Block& x, const float* bias, bool relu) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    float* row = x.data + r * x.stride;
    for_each(x.cols, [=](auto d, std::int64_t i) HWY_ATTR {
      const auto sum = hn::Add(hn::LoadU(d, row + i), hn::LoadU(d, bias + i));
      // Not Max: on x86 it would turn NaN into 0 and hide that training has diverged.
      const auto cut = hn::IfThenZeroElse(hn::Lt(sum, hn::Zero(d)), sum);
      hn::StoreU(relu ? cut : sum, d, row + i);
    });
  }
}

void Mask(const std::uint32_t* words, std::int64_t n, std::uint32_t threshold, float scale, float* x) {
  for_each(n, [=](auto d, std::int64_t i) HWY_ATTR {
    const hn::RebindToUnsigned<decltype(d)> du;
    const auto dropped = hn::RebindMask(d, hn::Lt(hn::LoadU(du, words + i), hn::Set(du, threshold)));
    hn::StoreU(hn::IfThenZeroElse(dropped, hn::Mul(hn::LoadU(d, x + i), hn::Set(d, scale))), d, x + i);
  });
}

void ReluBackward(const float* activation, float scale, const Block& delta) {
  for (std::int64_t r = 0; r < delta.rows; ++r) {
    const float* active = activation + r * delta.stride;
    float* row = delta.data + r * delta.stride;
    for_each(delta.cols, [=](auto d, std::int64_t i) HWY_ATTR {
      const auto cut = hn::Le(hn::LoadU(d, active + i), hn::Zero(d));
      const auto scaled = hn::Mul(hn::LoadU(d, row + i), hn::Set(d, scale));
      hn::StoreU(without_tiny(d, hn::IfThenZeroElse(cut, scaled)), d, row + i);
    });
  }
}

void FlushTiny(const Block& x) {
  for (std::int64_t r = 0; r < x.rows; ++r) {
    float* row = x.data + r * x.stride;
    for_each(x.cols, [=](auto d, std::int64_t i)
                         HWY_ATTR { hn::StoreU(without_tiny(d, hn::LoadU(d, row + i)), d, row + i); });
  }
}

void ColumnSums(const float* x, std::int64_t rows, std::int64_t cols, std::int64_t stride, float* sums) {
  std::fill_n(sums, cols, 0.0F);
  for (std::int64_t r = 0; r < rows; ++r) {
    const float* row = x + r * stride;
    for_each(cols, [=](auto d, std::int64_t i) HWY_ATTR {
      hn::StoreU(hn::Add(hn::LoadU(d, sums + i), hn::LoadU(d, row + i)), d, sums + i);
    });
  }
}

void UpdateAdam(const UpdateRuleF32& rule, std::int64_t n, const float* gradient, float* value,
                float* moment1, float* moment2) {
  for_each(n, [=](auto d, std::int64_t i) HWY_ATTR {
    update_adam(d, rule, hn::LoadU(d, gradient + i), value + i, moment1 + i, moment2 + i);
  });
}

void UpdateSgd(const UpdateRuleF32& rule, std::int64_t n, const float* gradient, float* value,
               float* moment1) {
  for_each(n, [=](auto d, std::int64_t i)
                  HWY_ATTR { update_sgd(d, rule, hn::LoadU(d, gradient + i), value + i, moment1 + i); });
}

}  // namespace xent::mlp::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace xent::mlp {

HWY_EXPORT(NormalisePixels);
HWY_EXPORT(AddBias);
HWY_EXPORT(Mask);
HWY_EXPORT(ReluBackward);
HWY_EXPORT(FlushTiny);
HWY_EXPORT(ColumnSums);
HWY_EXPORT(UpdateAdam);
HWY_EXPORT(UpdateSgd);

void normalise_pixels(const std::uint8_t* pixels, std::int64_t n, float* out) {
  HWY_DYNAMIC_DISPATCH(NormalisePixels)(pixels, n, out);
}

void add_bias(const Block& x, const float* bias, bool relu) { HWY_DYNAMIC_DISPATCH(AddBias)(x, bias, relu); }

void apply_dropout(const RandomStream& stream, std::int64_t first, std::int64_t n, std::uint32_t threshold,
                   float scale, float* x) {
  constexpr std::int64_t kChunk = 256;
  std::uint32_t words[kChunk];
  for (std::int64_t start = 0; start < n; start += kChunk) {
    const std::int64_t count = std::min(kChunk, n - start);
    for (std::int64_t i = 0; i < count; i += 4) {
      const Words block = stream.block(static_cast<std::uint32_t>((first + start + i) / 4));
      std::copy_n(block.word, 4, words + i);
    }
    HWY_DYNAMIC_DISPATCH(Mask)(words, count, threshold, scale, x + start);
  }
}

void apply_dropout_anywhere(const RandomStream& stream, std::int64_t first, std::int64_t n,
                            std::uint32_t threshold, float scale, float* x) {
  const std::int64_t lead = first % 4;
  if (lead == 0) return apply_dropout(stream, first, n, threshold, scale, x);
  thread_local std::vector<float> shifted;
  shifted.resize(static_cast<std::size_t>(lead + n));
  std::copy_n(x, n, shifted.data() + lead);
  apply_dropout(stream, first - lead, lead + n, threshold, scale, shifted.data());
  std::copy_n(shifted.data() + lead, n, x);
}

void relu_backward(const float* activation, float scale, const Block& delta) {
  HWY_DYNAMIC_DISPATCH(ReluBackward)(activation, scale, delta);
}

void flush_tiny(const Block& x) { HWY_DYNAMIC_DISPATCH(FlushTiny)(x); }

void column_sums(const float* x, std::int64_t rows, std::int64_t cols, std::int64_t stride, float* sums) {
  HWY_DYNAMIC_DISPATCH(ColumnSums)(x, rows, cols, stride, sums);
}

void update(const UpdateRule& rule, std::int64_t n, const float* gradient, float* value, float* moment1,
            float* moment2) {
  if (rule.adaptive) {
    HWY_DYNAMIC_DISPATCH(UpdateAdam)(in_f32(rule), n, gradient, value, moment1, moment2);
  } else {
    HWY_DYNAMIC_DISPATCH(UpdateSgd)(in_f32(rule), n, gradient, value, moment1);
  }
}

}  // namespace xent::mlp
#endif  // HWY_ONCE
