// Rows of a matrix as contiguous memory, and the per-row scalars around them, whatever their strides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>

#include <hwy/aligned_allocator.h>

#include <xent/options.hpp>
#include <xent/view.hpp>

namespace xent::cpu {

/// Memory that a worker thread keeps from row to row and call to call; grows, never shrinks by itself.
class Scratch {
 public:
  template <class T>
  T* get(std::size_t count) {
    const std::size_t bytes = count * sizeof(T);
    if (bytes > capacity_) {
      memory_.reset();
      capacity_ = 0;
      memory_ = hwy::AllocateAligned<std::byte>(bytes);
      if (!memory_) throw std::bad_alloc();
      capacity_ = bytes;
    }
    return reinterpret_cast<T*>(memory_.get());
  }

 private:
  hwy::AlignedFreeUniquePtr<std::byte[]> memory_;
  std::size_t capacity_ = 0;
};

inline bool contiguous_rows(const Layout& layout) { return layout.class_stride == 1; }

/// Row r as contiguous elements: in place if it is, else gathered into `packed`.
template <class T>
const T* read_row(const ConstMatrixView& matrix, std::int64_t r, Scratch& packed) {
  const Layout& l = matrix.layout;
  const T* row = static_cast<const T*>(matrix.data) + l.row_offset(r);
  if (contiguous_rows(l)) return row;
  T* copy = packed.get<T>(static_cast<std::size_t>(l.classes));
  for (std::int64_t c = 0; c < l.classes; ++c) copy[c] = row[c * l.class_stride];
  return copy;
}

/// Contiguous memory to compute row r into: the row itself, or scratch that write_row then scatters.
template <class T>
T* row_to_write(const MatrixView& matrix, std::int64_t r, Scratch& packed) {
  if (contiguous_rows(matrix.layout)) return static_cast<T*>(matrix.data) + matrix.layout.row_offset(r);
  return packed.get<T>(static_cast<std::size_t>(matrix.layout.classes));
}

template <class T>
void write_row(const MatrixView& matrix, std::int64_t r, const T* values) {
  const Layout& l = matrix.layout;
  if (contiguous_rows(l)) return;
  T* row = static_cast<T*>(matrix.data) + l.row_offset(r);
  for (std::int64_t c = 0; c < l.classes; ++c) row[c * l.class_stride] = values[c];
}

/// The same for a row of which `values` holds the first classes only: the others are zeros.
template <class T>
void finish_row(const MatrixView& matrix, std::int64_t r, T* values, std::int64_t classes) {
  for (std::int64_t c = classes; c < matrix.layout.classes; ++c) values[c] = T(0.0F);
  write_row(matrix, r, values);
}

/// f(T{}) for the element type T that `dtype` names.
template <class F>
auto with_element_type(DType dtype, const F& f) {
  switch (dtype) {
    case DType::f32: return f(float{});
    case DType::f16: return f(f16{});
    case DType::bf16: return f(bf16{});
    case DType::f64: break;
  }
  return f(double{});
}

/// The parts of a sum over rows, each of as many neighbouring rows, whoever computes them.
template <class Part>
struct RowParts {
  Part* parts = nullptr;
  std::int64_t rows_per_part = 1;

  Part& of(std::int64_t row) const { return parts[row / rows_per_part]; }
};

// ---- Per-row scalars ----

inline double load(const ConstVectorView& view, std::int64_t i) {
  const std::int64_t at = i * view.stride;
  return view.dtype == DType::f32 ? static_cast<double>(static_cast<const float*>(view.data)[at])
                                  : static_cast<const double*>(view.data)[at];
}

inline void store(const VectorView& view, std::int64_t i, double value) {
  const std::int64_t at = i * view.stride;
  if (view.dtype == DType::f32) {
    static_cast<float*>(view.data)[at] = static_cast<float>(value);
  } else {
    static_cast<double*>(view.data)[at] = value;
  }
}

/// Several of them.
template <class C>
void store(const VectorView& view, std::int64_t first, std::int64_t count, const C* values) {
  for (std::int64_t i = 0; i < count; ++i) store(view, first + i, static_cast<double>(values[i]));
}

inline std::int64_t load(const LabelView& view, std::int64_t i) {
  const std::int64_t at = i * view.stride;
  switch (view.type) {
    case LabelType::u8: return static_cast<const std::uint8_t*>(view.data)[at];
    case LabelType::i32: return static_cast<const std::int32_t*>(view.data)[at];
    case LabelType::i64: break;
  }
  return static_cast<const std::int64_t*>(view.data)[at];
}

inline void load(const LabelView& view, std::int64_t first, std::int64_t count, std::int64_t* to) {
  for (std::int64_t i = 0; i < count; ++i) to[i] = load(view, first + i);
}

inline void store(const IndexView& view, std::int64_t i, std::int64_t value) {
  const std::int64_t at = i * view.stride;
  switch (view.type) {
    case LabelType::u8: static_cast<std::uint8_t*>(view.data)[at] = static_cast<std::uint8_t>(value); return;
    case LabelType::i32: static_cast<std::int32_t*>(view.data)[at] = static_cast<std::int32_t>(value); return;
    case LabelType::i64: static_cast<std::int64_t*>(view.data)[at] = value; return;
  }
}

template <class C>
void store(const IndexView& view, std::int64_t first, std::int64_t count, const C* values) {
  for (std::int64_t i = 0; i < count; ++i) store(view, first + i, static_cast<std::int64_t>(values[i]));
}

/// w[c]
inline double class_weight(const LossOptions& options, std::int64_t c) {
  return options.class_weights.given() ? load(options.class_weights, c) : 1.0;
}

/// What row r's gradient is multiplied by, apart from the mean's divisor.
inline double upstream_at(const Upstream& upstream, std::int64_t r) {
  if (!upstream.values.given()) return upstream.scale;
  return upstream.scale * load(upstream.values, upstream.values.size == 1 ? 0 : r);
}

}  // namespace xent::cpu
