// As many multiplications and additions as the processor at hand can do: the floor of a matrix product.
#pragma once

#include <cstdint>

namespace xent::bench {

/// Does at least `operations` single-precision operations, two per multiply-add, all of them in registers.
/// Returns a number that depends on them.
float multiply_add(double operations);

}  // namespace xent::bench
