// Storage for test matrices, vectors and labels.
#include "tests/support/buffers.hpp"

#include <algorithm>
#include <cstring>

#include "host/reference/element.hpp"
#include "tests/support/memory.hpp"

namespace xent::testing {
namespace {

constexpr std::byte kFill{0xFF};

std::int64_t extent(const Layout& layout) {
  if (layout.rows() == 0) return 0;
  return 1 + (layout.outer - 1) * layout.outer_stride + (layout.classes - 1) * layout.class_stride +
         (layout.inner - 1) * layout.inner_stride;
}

std::int64_t extent(std::int64_t size, std::int64_t stride) {
  return size == 0 ? 0 : 1 + (size - 1) * stride;
}

std::size_t byte_count(std::int64_t elements, std::size_t element_size) {
  return static_cast<std::size_t>(elements) * element_size;
}

std::vector<std::int64_t> multiples(std::int64_t size, std::int64_t stride) {
  std::vector<std::int64_t> offsets;
  for (std::int64_t i = 0; i < size; ++i) offsets.push_back(i * stride);
  return offsets;
}

std::uint64_t bits_at(const Bytes& bytes, std::int64_t index, DType dtype) {
  std::uint64_t word = 0;  // little-endian: the low bytes
  std::memcpy(&word, bytes.data() + byte_count(index, size_of(dtype)), size_of(dtype));
  return word;
}

}  // namespace

const char* name(Arrangement arrangement) {
  switch (arrangement) {
    case Arrangement::packed: return "packed";
    case Arrangement::padded: return "padded";
    case Arrangement::misaligned: return "misaligned";
    case Arrangement::class_strided: return "class_strided";
    case Arrangement::transposed: return "transposed";
    case Arrangement::channels_first: return "channels_first";
    case Arrangement::spaced: return "spaced";
  }
  return "invalid";
}

Arrangement beside(Arrangement arrangement) {
  switch (arrangement) {
    case Arrangement::channels_first: return Arrangement::spaced;
    case Arrangement::spaced: return Arrangement::channels_first;
    case Arrangement::packed: return Arrangement::packed;
    default: return Arrangement::misaligned;
  }
}

Layout arrange(Arrangement arrangement, std::int64_t rows, std::int64_t classes) {
  const std::int64_t inner = rows % 3 == 0 && rows > 0 ? 3 : std::max<std::int64_t>(rows, 1);
  const std::int64_t outer = rows == 0 ? 0 : rows / inner;
  switch (arrangement) {
    case Arrangement::packed: return row_major(rows, classes);
    case Arrangement::padded: return row_major(rows, classes, classes + 6);
    case Arrangement::misaligned: return row_major(rows, classes, classes | 1);
    case Arrangement::class_strided:
      return {.outer = rows, .classes = classes, .outer_stride = 3 * classes + 2, .class_stride = 3};
    case Arrangement::transposed:
      return {.outer = rows,
              .classes = classes,
              .outer_stride = 1,
              .class_stride = std::max<std::int64_t>(rows, 1)};
    case Arrangement::channels_first: return channels_first(outer, classes, inner);
    case Arrangement::spaced:
      return {.outer = outer,
              .classes = classes,
              .inner = inner,
              .outer_stride = classes * (2 * inner + 1) + 3,
              .class_stride = 2 * inner + 1,
              .inner_stride = 2};
  }
  return {};
}

Bytes::Bytes(std::size_t size, std::size_t misalignment)
    : size_(size),
      start_(misalignment),
      storage_(acquire_memory(size + misalignment), Free{size + misalignment}) {
  std::fill_n(storage_.get(), size + misalignment, kFill);
}

void Bytes::Free::operator()(std::byte* block) const { release_memory(block, bytes); }

bool Bytes::gaps_untouched(const std::vector<std::int64_t>& elements, std::size_t element_size) const {
  std::vector<bool> owned(size(), false);
  for (const std::int64_t element : elements) {
    for (std::size_t b = 0; b < element_size; ++b) owned[byte_count(element, element_size) + b] = true;
  }
  for (std::size_t b = 0; b < size(); ++b) {
    if (!owned[b] && data()[b] != kFill) return false;
  }
  return true;
}

MatrixBuffer::MatrixBuffer(DType dtype_, const Layout& layout_, std::int64_t misaligned_by)
    : dtype(dtype_),
      layout(layout_),
      bytes(byte_count(extent(layout_), size_of(dtype_)), byte_count(misaligned_by, size_of(dtype_))) {}

MatrixBuffer::MatrixBuffer(DType dtype_, Arrangement arrangement, std::int64_t rows, std::int64_t classes)
    : MatrixBuffer(dtype_, arrange(arrangement, rows, classes),
                   arrangement == Arrangement::misaligned ? 1 : 0) {}

double MatrixBuffer::get(std::int64_t r, std::int64_t c) const {
  return reference::load(bytes.data(), dtype, at(r, c));
}

void MatrixBuffer::set(std::int64_t r, std::int64_t c, double value) {
  reference::store(bytes.data(), dtype, at(r, c), value);
}

std::vector<double> MatrixBuffer::row(std::int64_t r) const {
  std::vector<double> values(static_cast<std::size_t>(layout.classes));
  std::int64_t index = at(r, 0);
  for (double& value : values) {
    value = reference::load(bytes.data(), dtype, index);
    index += layout.class_stride;
  }
  return values;
}

std::vector<std::uint64_t> MatrixBuffer::row_bits(std::int64_t r) const {
  std::vector<std::uint64_t> words(static_cast<std::size_t>(layout.classes));
  std::int64_t index = at(r, 0);
  for (std::uint64_t& word : words) {
    word = bits_at(bytes, index, dtype);
    index += layout.class_stride;
  }
  return words;
}

bool MatrixBuffer::gaps_untouched() const {
  std::vector<std::int64_t> elements;
  for (std::int64_t r = 0; r < layout.rows(); ++r) {
    for (std::int64_t c = 0; c < layout.classes; ++c) elements.push_back(at(r, c));
  }
  return bytes.gaps_untouched(elements, size_of(dtype));
}

VectorBuffer::VectorBuffer(DType dtype_, std::int64_t size_, std::int64_t stride_)
    : dtype(dtype_),
      size(size_),
      stride(stride_),
      bytes(byte_count(extent(size_, stride_), size_of(dtype_)), 0) {}

double VectorBuffer::get(std::int64_t i) const { return reference::load(bytes.data(), dtype, i * stride); }

void VectorBuffer::set(std::int64_t i, double value) {
  reference::store(bytes.data(), dtype, i * stride, value);
}

std::uint64_t VectorBuffer::bits(std::int64_t i) const { return bits_at(bytes, i * stride, dtype); }

bool VectorBuffer::gaps_untouched() const {
  return bytes.gaps_untouched(multiples(size, stride), size_of(dtype));
}

IndexBuffer::IndexBuffer(LabelType type_, std::int64_t size_, std::int64_t stride_)
    : type(type_),
      size(size_),
      stride(stride_),
      bytes(byte_count(extent(size_, stride_), size_of(type_)), 0) {}

std::int64_t IndexBuffer::get(std::int64_t i) const {
  return reference::load(bytes.data(), type, i * stride);
}

void IndexBuffer::set(std::int64_t i, std::int64_t value) {
  reference::store(bytes.data(), type, i * stride, value);
}

bool IndexBuffer::gaps_untouched() const {
  return bytes.gaps_untouched(multiples(size, stride), size_of(type));
}

Count::Count(std::int64_t value) : bytes_(sizeof value, 0) {
  std::memcpy(bytes_.data(), &value, sizeof value);
}

Count::operator std::int64_t() const {
  std::int64_t value = 0;
  std::memcpy(&value, bytes_.data(), sizeof value);
  return value;
}

}  // namespace xent::testing
