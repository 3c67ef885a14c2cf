// Matrices cut into blocks for what goes element by element: as contiguous memory, whatever their strides.
#pragma once

#include <algorithm>
#include <cstdint>

#include <xent/view.hpp>

#include "host/cpu/rows.hpp"

namespace xent::cpu {

/// Elements of a block at most.
inline constexpr std::int64_t kBlockElements = 2048;

/// So many neighbouring columns of so many neighbouring rows, one row after another. Shapes alone decide how
/// a matrix is cut into these, and with it the order of sums.
struct Block {
  std::int64_t row = 0;
  std::int64_t rows = 0;
  std::int64_t column = 0;
  std::int64_t columns = 0;

  std::int64_t size() const { return rows * columns; }
};

/// Rows of a block: as many as fit, in multiples of the widest vector where that leaves any.
constexpr std::int64_t rows_per_block(std::int64_t classes) {
  constexpr std::int64_t kWidest = 16;
  const std::int64_t fit = kBlockElements / classes;
  return fit >= kWidest ? fit / kWidest * kWidest : std::max<std::int64_t>(fit, 1);
}

/// Whether the block's elements lie next to one another.
inline bool is_packed(const Layout& l, const Block& block) {
  const bool one_column = block.columns == 1 && l.classes == 1;
  if (!one_column && l.class_stride != 1) return false;
  if (block.rows == 1) return true;
  if (l.inner == 1) return l.outer_stride == l.classes;
  return one_column && l.inner_stride == 1 && (l.outer == 1 || l.outer_stride == l.inner);
}

template <class T>
T* block_begin(T* data, const Layout& l, const Block& block) {
  return data + l.row_offset(block.row) + block.column * l.class_stride;
}

/// f(offset in the matrix, place in the block) for every element.
template <class F>
void for_elements(const Layout& l, const Block& block, const F& f) {
  for (std::int64_t r = 0; r < block.rows; ++r) {
    const std::int64_t row = l.row_offset(block.row + r) + block.column * l.class_stride;
    for (std::int64_t c = 0; c < block.columns; ++c) f(row + c * l.class_stride, r * block.columns + c);
  }
}

/// The block as contiguous elements; null if there is no such matrix.
template <class T>
const T* read_block(const ConstMatrixView& matrix, const Block& block, Scratch& packed) {
  const T* data = static_cast<const T*>(matrix.data);
  if (data == nullptr) return nullptr;
  if (is_packed(matrix.layout, block)) return block_begin(data, matrix.layout, block);
  T* copy = packed.get<T>(kBlockElements);
  for_elements(matrix.layout, block, [=](std::int64_t from, std::int64_t to) { copy[to] = data[from]; });
  return copy;
}

template <class T>
T* block_to_write(const MatrixView& matrix, const Block& block, Scratch& packed) {
  T* data = static_cast<T*>(matrix.data);
  if (data == nullptr) return nullptr;
  return is_packed(matrix.layout, block) ? block_begin(data, matrix.layout, block)
                                         : packed.get<T>(kBlockElements);
}

template <class T>
void write_block(const MatrixView& matrix, const Block& block, const T* values) {
  if (values == nullptr || is_packed(matrix.layout, block)) return;
  T* data = static_cast<T*>(matrix.data);
  for_elements(matrix.layout, block, [=](std::int64_t to, std::int64_t from) { data[to] = values[from]; });
}

/// The weights of the block's elements; null if there are none.
template <class C>
const C* spread_weights(const ConstVectorView& weights, const Block& block, Scratch& packed) {
  if (!weights.given()) return nullptr;
  C* values = packed.get<C>(kBlockElements);
  for (std::int64_t c = 0; c < block.columns; ++c) {
    values[c] = static_cast<C>(load(weights, block.column + c));
  }
  for (std::int64_t r = 1; r < block.rows; ++r)
    std::copy_n(values, block.columns, values + r * block.columns);
  return values;
}

}  // namespace xent::cpu
