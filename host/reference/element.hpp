// One element of a view, read or written as double or int64, whatever the view's own type.
#pragma once

#include <cstdint>

#include <xent/dtype.hpp>

namespace xent::reference {

double load(const void* data, DType type, std::int64_t index);

/// Rounds once to f32 and f64; to f16 and bf16 by way of f32, so up to a hair over half an ulp.
void store(void* data, DType type, std::int64_t index, double value);

std::int64_t load(const void* data, LabelType type, std::int64_t index);

/// Keeps the low bits: -1 becomes 255 in u8.
void store(void* data, LabelType type, std::int64_t index, std::int64_t value);

}  // namespace xent::reference
