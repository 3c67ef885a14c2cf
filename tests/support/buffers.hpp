// Owning storage behind views. All bytes start as 0xFF, which is NaN in every float type and -1 or 255
// in every label type, so a read from a gap poisons a result and a write to one is seen.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include <xent/view.hpp>

namespace xent::testing {

/// How rows × classes lie in memory.
enum class Arrangement : std::uint8_t {
  packed,
  padded,          ///< a gap after each row
  misaligned,      ///< starts one element past a 64-byte boundary, odd row pitch
  class_strided,   ///< classes three elements apart
  transposed,      ///< class-major: a row's classes are `rows` elements apart
  channels_first,  ///< (N, C, d) packed
  spaced,          ///< (N, C, d) with gaps in all three strides
};
inline constexpr Arrangement kArrangements[] = {
    Arrangement::packed,     Arrangement::padded,         Arrangement::misaligned, Arrangement::class_strided,
    Arrangement::transposed, Arrangement::channels_first, Arrangement::spaced};

const char* name(Arrangement arrangement);

/// channels_first and spaced split the rows into rows/3 × 3 if that divides, else 1 × rows.
Layout arrange(Arrangement arrangement, std::int64_t rows, std::int64_t classes);

/// Another arrangement of the same shape.
Arrangement beside(Arrangement arrangement);

/// Bytes a given distance past a 64-byte boundary, ending exactly where the last element does, so that a
/// read past it is AddressSanitizer's to catch.
class Bytes {
 public:
  Bytes(std::size_t size, std::size_t misalignment);
  std::byte* data() { return storage_.get() + start_; }
  const std::byte* data() const { return storage_.get() + start_; }
  std::size_t size() const { return size_; }
  std::vector<std::byte> copy() const { return {data(), data() + size()}; }
  /// Whether every byte outside the given elements is still 0xFF.
  bool gaps_untouched(const std::vector<std::int64_t>& elements, std::size_t element_size) const;
  bool untouched() const { return gaps_untouched({}, 1); }

 private:
  struct Free {
    std::size_t bytes;
    void operator()(std::byte* block) const;
  };
  std::size_t size_;
  std::size_t start_;
  std::unique_ptr<std::byte[], Free> storage_;
};

class MatrixBuffer {
 public:
  MatrixBuffer(DType dtype, const Layout& layout, std::int64_t misaligned_by = 0);
  MatrixBuffer(DType dtype, Arrangement arrangement, std::int64_t rows, std::int64_t classes);

  MatrixView view() { return {bytes.data(), dtype, layout}; }
  ConstMatrixView view() const { return {bytes.data(), dtype, layout}; }
  double get(std::int64_t r, std::int64_t c) const;
  void set(std::int64_t r, std::int64_t c, double value);
  /// The row in double.
  std::vector<double> row(std::int64_t r) const;
  /// Bit patterns of a row's elements: what "the same bits" compares, whatever the layouts.
  std::vector<std::uint64_t> row_bits(std::int64_t r) const;
  bool gaps_untouched() const;

  DType dtype;
  Layout layout;
  Bytes bytes;

 private:
  std::int64_t at(std::int64_t r, std::int64_t c) const {
    return layout.row_offset(r) + c * layout.class_stride;
  }
};

class VectorBuffer {
 public:
  VectorBuffer(DType dtype, std::int64_t size, std::int64_t stride = 1);
  VectorView view() { return {bytes.data(), dtype, size, stride}; }
  ConstVectorView view() const { return {bytes.data(), dtype, size, stride}; }
  double get(std::int64_t i) const;
  void set(std::int64_t i, double value);
  std::uint64_t bits(std::int64_t i) const;
  bool gaps_untouched() const;

  DType dtype;
  std::int64_t size;
  std::int64_t stride;
  Bytes bytes;
};

/// A count that a call writes.
class Count {
 public:
  explicit Count(std::int64_t value);
  std::int64_t* address() { return reinterpret_cast<std::int64_t*>(bytes_.data()); }
  operator std::int64_t() const;  // NOLINT(google-explicit-constructor)

 private:
  Bytes bytes_;
};

/// Labels or argmax.
class IndexBuffer {
 public:
  IndexBuffer(LabelType type, std::int64_t size, std::int64_t stride = 1);
  LabelView labels() const { return {bytes.data(), type, size, stride}; }
  IndexView view() { return {bytes.data(), type, size, stride}; }
  std::int64_t get(std::int64_t i) const;
  void set(std::int64_t i, std::int64_t value);
  bool gaps_untouched() const;

  LabelType type;
  std::int64_t size;
  std::int64_t stride;
  Bytes bytes;
};

}  // namespace xent::testing
