// Digits drawn by the program itself, for when there is no MNIST to be had.
#pragma once

#include <cstdint>

#include "host/data/dataset.hpp"

namespace xent::data {

struct SyntheticOptions {
  std::int64_t train = 12000;
  std::int64_t test = 2000;
  std::uint64_t seed = 1;
};

/// 28×28 digits in many hands: each pen stroke bent, slanted, turned, moved, thick or thin, on noisy paper.
/// Image i of a set is a pure function of (seed, set, i).
TrainTest synthetic_digits(const SyntheticOptions& options = {});

}  // namespace xent::data
