// Views: non-owning descriptions of the caller's memory. Copying a view copies no data.
//
// Functions refuse outputs that overlap what else a call is given. Views overlap if the memory from the first
// element of the one to its last meets that of the other, even where strides keep all elements apart: two
// vectors that take turns in one buffer do. Only column ranges of row-major matrices of one pitch do not, as
// long as they have no column in common.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <xent/dtype.hpp>

namespace xent {

/// Shape and strides of rows × classes, or of outer × classes × inner for (N, C, d1, d2 …) with
/// inner = d1·d2·…. Extents and strides count elements, never bytes.
///
/// There are outer·inner rows. Row r is (o, i) = (r / inner, r % inner), and its class c lies at
///   o·outer_stride + c·class_stride + i·inner_stride.
struct Layout {
  std::int64_t outer = 0;
  std::int64_t classes = 0;
  std::int64_t inner = 1;
  std::int64_t outer_stride = 0;
  std::int64_t class_stride = 1;
  std::int64_t inner_stride = 1;

  constexpr std::int64_t rows() const { return outer * inner; }
  /// Offset of row r's class 0.
  constexpr std::int64_t row_offset(std::int64_t r) const {
    return inner == 1 ? r * outer_stride : (r / inner) * outer_stride + (r % inner) * inner_stride;
  }
  bool operator==(const Layout&) const = default;
};

/// rows × classes, row-major; row_stride 0 means packed (= classes).
constexpr Layout row_major(std::int64_t rows, std::int64_t classes, std::int64_t row_stride = 0) {
  return {.outer = rows, .classes = classes, .outer_stride = row_stride == 0 ? classes : row_stride};
}

/// (outer, classes, inner) packed: PyTorch's contiguous (N, C, d1, d2 …).
constexpr Layout channels_first(std::int64_t outer, std::int64_t classes, std::int64_t inner) {
  return {.outer = outer,
          .classes = classes,
          .inner = inner,
          .outer_stride = classes * inner,
          .class_stride = inner,
          .inner_stride = 1};
}

/// rows × classes with each class's numbers side by side, as a (classes, rows) matrix in row-major order has
/// them; class_stride 0 means packed (= rows).
constexpr Layout column_major(std::int64_t rows, std::int64_t classes, std::int64_t class_stride = 0) {
  return {.outer = rows,
          .classes = classes,
          .outer_stride = 1,
          .class_stride = class_stride == 0 ? rows : class_stride};
}

/// A packed row-major tensor with its classes along one axis, counted from the front, or with -1, -2 … from
/// the back; outer is the product of the extents before it, inner of those behind. An axis that is not there
/// gives a layout without classes, which every function refuses.
constexpr Layout over_axis(std::span<const std::int64_t> shape, std::int64_t axis) {
  const auto dimensions = static_cast<std::int64_t>(shape.size());
  if (axis < 0) axis += dimensions;
  if (axis < 0 || axis >= dimensions) return {};
  const auto at = static_cast<std::size_t>(axis);
  std::int64_t outer = 1;
  std::int64_t inner = 1;
  for (std::size_t d = 0; d < at; ++d) outer *= shape[d];
  for (std::size_t d = at + 1; d < shape.size(); ++d) inner *= shape[d];
  return channels_first(outer, shape[at], inner);
}

/// Logits, probabilities or gradients that a call writes.
struct MatrixView {
  void* data = nullptr;
  DType dtype = DType::f32;
  Layout layout{};

  constexpr bool given() const { return data != nullptr || layout != Layout{}; }
};

/// Logits, probabilities or gradients that a call reads. Every MatrixView converts to it.
struct ConstMatrixView {
  const void* data = nullptr;
  DType dtype = DType::f32;
  Layout layout{};

  constexpr ConstMatrixView() = default;
  constexpr ConstMatrixView(const void* data_, DType dtype_, const Layout& layout_)
      : data(data_), dtype(dtype_), layout(layout_) {}
  constexpr ConstMatrixView(const MatrixView& view)  // NOLINT(google-explicit-constructor)
      : data(view.data), dtype(view.dtype), layout(view.layout) {}
};

/// One f32 or f64 number per row (or a single one), that a call writes: loss, lse.
struct VectorView {
  void* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t size = 0;
  std::int64_t stride = 1;

  constexpr bool given() const { return data != nullptr || size != 0; }
};

/// The same, read only: a saved lse, upstream gradients.
struct ConstVectorView {
  const void* data = nullptr;
  DType dtype = DType::f32;
  std::int64_t size = 0;
  std::int64_t stride = 1;

  constexpr ConstVectorView() = default;
  constexpr ConstVectorView(const void* data_, DType dtype_, std::int64_t size_, std::int64_t stride_ = 1)
      : data(data_), dtype(dtype_), size(size_), stride(stride_) {}
  constexpr ConstVectorView(const VectorView& view)  // NOLINT(google-explicit-constructor)
      : data(view.data), dtype(view.dtype), size(view.size), stride(view.stride) {}

  constexpr bool given() const { return size != 0; }
};

/// One class index per row, read only.
struct LabelView {
  const void* data = nullptr;
  LabelType type = LabelType::i64;
  std::int64_t size = 0;
  std::int64_t stride = 1;
};

/// One class index per row, that a call writes: argmax.
struct IndexView {
  void* data = nullptr;
  LabelType type = LabelType::i64;
  std::int64_t size = 0;
  std::int64_t stride = 1;

  constexpr bool given() const { return data != nullptr || size != 0; }
};

/// matrix(p, row_major(rows, classes)): a view of p's element type, read-only if p is to const.
template <class T>
constexpr auto matrix(T* data, const Layout& layout) {
  constexpr DType type = DTypeOf<std::remove_const_t<T>>::value;
  if constexpr (std::is_const_v<T>) {
    return ConstMatrixView{data, type, layout};
  } else {
    return MatrixView{data, type, layout};
  }
}

template <class T>
constexpr auto matrix(T* data, std::int64_t rows, std::int64_t classes) {
  return matrix(data, row_major(rows, classes));
}

/// vector(p, n): a view of n floats or doubles, read-only if p is to const.
template <class T>
constexpr auto vector(T* data, std::int64_t size, std::int64_t stride = 1) {
  constexpr DType type = DTypeOf<std::remove_const_t<T>>::value;
  if constexpr (std::is_const_v<T>) {
    return ConstVectorView{data, type, size, stride};
  } else {
    return VectorView{data, type, size, stride};
  }
}

/// labels(p, n): n class indices to read.
template <class T>
constexpr LabelView labels(const T* data, std::int64_t size, std::int64_t stride = 1) {
  return {.data = data, .type = LabelTypeOf<T>::value, .size = size, .stride = stride};
}

/// indices(p, n): n class indices to write.
template <class T>
constexpr IndexView indices(T* data, std::int64_t size, std::int64_t stride = 1) {
  return {.data = data, .type = LabelTypeOf<T>::value, .size = size, .stride = stride};
}

}  // namespace xent
