// A training set as digits are: most pixels are zero, some in every image, some in nearly every one.
#pragma once

#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp::test {

/// Of four pixels, one is zero always, one is lit in every 50th image alone, and two are in half of them.
inline data::Dataset dark_data(std::int64_t count, std::int64_t height, std::int64_t width) {
  data::Dataset set = made_up_data(count, height, width);
  const std::int64_t features = set.features();
  const RandomStream noise(7, static_cast<Purpose>(201), 0);
  for (std::int64_t place = 0; place < count * features; ++place) {
    const std::int64_t kind = place % features % 4;
    const bool lit = kind == 1   ? place / features % 50 == 0
                     : kind >= 2 ? noise.word(static_cast<std::uint64_t>(place)) % 2 == 0
                                 : false;
    if (!lit) set.pixels[static_cast<std::size_t>(place)] = 0;
  }
  return set;
}

}  // namespace xent::mlp::test
