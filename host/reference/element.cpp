// Element access by run-time type.
#include "host/reference/element.hpp"

#include <limits>

namespace xent::reference {

double load(const void* data, DType type, std::int64_t index) {
  switch (type) {
    case DType::f32: return static_cast<const float*>(data)[index];
    case DType::f16: return static_cast<float>(static_cast<const f16*>(data)[index]);
    case DType::bf16: return static_cast<float>(static_cast<const bf16*>(data)[index]);
    case DType::f64: return static_cast<const double*>(data)[index];
  }
  return std::numeric_limits<double>::quiet_NaN();
}

void store(void* data, DType type, std::int64_t index, double value) {
  const auto single = static_cast<float>(value);
  switch (type) {
    case DType::f32: static_cast<float*>(data)[index] = single; break;
    case DType::f16: static_cast<f16*>(data)[index] = f16(single); break;
    case DType::bf16: static_cast<bf16*>(data)[index] = bf16(single); break;
    case DType::f64: static_cast<double*>(data)[index] = value; break;
  }
}

std::int64_t load(const void* data, LabelType type, std::int64_t index) {
  switch (type) {
    case LabelType::u8: return static_cast<const std::uint8_t*>(data)[index];
    case LabelType::i32: return static_cast<const std::int32_t*>(data)[index];
    case LabelType::i64: return static_cast<const std::int64_t*>(data)[index];
  }
  return -1;
}

void store(void* data, LabelType type, std::int64_t index, std::int64_t value) {
  switch (type) {
    case LabelType::u8: static_cast<std::uint8_t*>(data)[index] = static_cast<std::uint8_t>(value); break;
    case LabelType::i32: static_cast<std::int32_t*>(data)[index] = static_cast<std::int32_t>(value); break;
    case LabelType::i64: static_cast<std::int64_t*>(data)[index] = value; break;
  }
}

}  // namespace xent::reference
