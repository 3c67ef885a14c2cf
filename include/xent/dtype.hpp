// Element types: what a view's memory holds, and the two 16-bit floats as plain storage.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

namespace xent {

/// Type of logits, probabilities and gradients. Arithmetic is f32 for f32, f16 and bf16; f64 for f64.
enum class DType : std::uint8_t { f32, f16, bf16, f64 };

/// Type of labels and of class indices in general.
enum class LabelType : std::uint8_t { u8, i32, i64 };

/// Bytes per element; 0 for a value outside the enumeration.
constexpr std::size_t size_of(DType type) {
  switch (type) {
    case DType::f32: return 4;
    case DType::f16:
    case DType::bf16: return 2;
    case DType::f64: return 8;
  }
  return 0;
}

constexpr std::size_t size_of(LabelType type) {
  switch (type) {
    case LabelType::u8: return 1;
    case LabelType::i32: return 4;
    case LabelType::i64: return 8;
  }
  return 0;
}

constexpr const char* name(DType type) {
  switch (type) {
    case DType::f32: return "f32";
    case DType::f16: return "f16";
    case DType::bf16: return "bf16";
    case DType::f64: return "f64";
  }
  return "invalid";
}

constexpr const char* name(LabelType type) {
  switch (type) {
    case LabelType::u8: return "u8";
    case LabelType::i32: return "i32";
    case LabelType::i64: return "i64";
  }
  return "invalid";
}

/// bfloat16: the upper half of a binary32. Storage only; convert to compute.
struct bf16 {
  std::uint16_t bits = 0;

  bf16() = default;
  /// Rounds to nearest, ties to even; NaN stays NaN (quiet).
  constexpr explicit bf16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const bool nan = (word & 0x7FFFFFFFU) > 0x7F800000U;
    const std::uint32_t rounded = word + 0x7FFFU + ((word >> 16U) & 1U);
    bits = static_cast<std::uint16_t>((nan ? (word | 0x00400000U) : rounded) >> 16U);
  }
  constexpr explicit operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16U);
  }
};

/// IEEE 754 binary16. Storage only; convert to compute.
struct f16 {
  std::uint16_t bits = 0;

  f16() = default;
  /// Rounds to nearest, ties to even; beyond 65504 (+ half a step) becomes infinity; NaN stays NaN (quiet).
  constexpr explicit f16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t sign = (word >> 16U) & 0x8000U;
    const std::uint32_t magnitude = word & 0x7FFFFFFFU;
    std::uint32_t half = 0;
    if (magnitude > 0x7F800000U) {
      half = 0x7E00U | ((magnitude >> 13U) & 0x3FFU);
    } else if (magnitude >= 0x477FF000U) {
      half = 0x7C00U;
    } else if (magnitude >= 0x38800000U) {
      const std::uint32_t rebased = magnitude - 0x38000000U;
      half = (rebased + 0xFFFU + ((rebased >> 13U) & 1U)) >> 13U;
    } else {
      // Subnormal results: adding 0.5 aligns the value's last kept bit with the float's own, so the
      // hardware's rounding of that addition is the rounding wanted.
      const float aligned = std::bit_cast<float>(magnitude) + 0.5F;
      half = std::bit_cast<std::uint32_t>(aligned) - 0x3F000000U;
    }
    bits = static_cast<std::uint16_t>(sign | half);
  }
  constexpr explicit operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000U) << 16U;
    const std::uint32_t magnitude = bits & 0x7FFFU;
    std::uint32_t word = 0;
    if (magnitude >= 0x7C00U) {
      word = 0x7F800000U | ((magnitude & 0x3FFU) << 13U);
    } else if (magnitude >= 0x0400U) {
      word = (magnitude << 13U) + 0x38000000U;
    } else {
      word = std::bit_cast<std::uint32_t>(static_cast<float>(magnitude) * 0x1p-24F);
    }
    return std::bit_cast<float>(sign | word);
  }
};

/// DType or LabelType of a C++ element type. Specialise for a framework's own half types to use them
/// in the view factories; the specialised type must have the same size and bit layout.
template <class T>
struct DTypeOf;
template <>
struct DTypeOf<float> {
  static constexpr DType value = DType::f32;
};
template <>
struct DTypeOf<f16> {
  static constexpr DType value = DType::f16;
};
template <>
struct DTypeOf<bf16> {
  static constexpr DType value = DType::bf16;
};
template <>
struct DTypeOf<double> {
  static constexpr DType value = DType::f64;
};

template <class T>
struct LabelTypeOf;
template <>
struct LabelTypeOf<std::uint8_t> {
  static constexpr LabelType value = LabelType::u8;
};
template <>
struct LabelTypeOf<std::int32_t> {
  static constexpr LabelType value = LabelType::i32;
};
template <>
struct LabelTypeOf<std::int64_t> {
  static constexpr LabelType value = LabelType::i64;
};

}  // namespace xent
