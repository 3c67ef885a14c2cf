// What there is one of per row, and where a row lies: the views' arithmetic on the device.
#pragma once

#include <xent/view.hpp>

#include "kernels/primitives/element.cuh"
#include "kernels/primitives/memory.cuh"

namespace xent::gpu {

/// Offset of row r's class 0; the division only where rows are not evenly spaced.
__device__ __forceinline__ std::int64_t row_offset(const Layout& l, std::int64_t r) {
  return l.inner == 1 ? r * l.outer_stride : (r / l.inner) * l.outer_stride + (r % l.inner) * l.inner_stride;
}

__device__ __forceinline__ std::int64_t load_label(const LabelView& labels, std::int64_t r) {
  const std::int64_t at = r * labels.stride;
  switch (labels.type) {
    case LabelType::u8: return static_cast<const std::uint8_t*>(labels.data)[at];
    case LabelType::i32: return static_cast<const std::int32_t*>(labels.data)[at];
    case LabelType::i64: break;
  }
  return static_cast<const std::int64_t*>(labels.data)[at];
}

template <class C>
__device__ __forceinline__ C load_scalar(const ConstVectorView& view, std::int64_t i) {
  const std::int64_t at = i * view.stride;
  return view.dtype == DType::f32 ? static_cast<C>(static_cast<const float*>(view.data)[at])
                                  : static_cast<C>(static_cast<const double*>(view.data)[at]);
}

__device__ __forceinline__ void store_scalar(const VectorView& view, std::int64_t i, double value) {
  const std::int64_t at = i * view.stride;
  if (view.dtype == DType::f32) {
    static_cast<float*>(view.data)[at] = static_cast<float>(value);
  } else {
    static_cast<double*>(view.data)[at] = value;
  }
}

__device__ __forceinline__ void store_index(const IndexView& view, std::int64_t i, std::int64_t value) {
  const std::int64_t at = i * view.stride;
  switch (view.type) {
    case LabelType::u8: static_cast<std::uint8_t*>(view.data)[at] = static_cast<std::uint8_t>(value); return;
    case LabelType::i32: static_cast<std::int32_t*>(view.data)[at] = static_cast<std::int32_t>(value); return;
    case LabelType::i64: static_cast<std::int64_t*>(view.data)[at] = value; return;
  }
}

}  // namespace xent::gpu
