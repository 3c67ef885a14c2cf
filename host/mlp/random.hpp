// Every random decision of a run, each a pure function of (seed, purpose, time, index). What kernels draw too
// stands in kernels/mlp/random.hpp.
#pragma once

#include <cstdint>
#include <vector>

#include "kernels/mlp/random.hpp"

namespace xent::mlp {

/// Uniform in [-bound, bound), rounded to binary32 so that every backend starts from the same weights.
void fill_uniform(const RandomStream& stream, double bound, std::vector<double>& values);

/// A permutation of 0 … count - 1, the order in which an epoch visits the samples: each has a random key of
/// 64 bits, and a stable sort puts them in order. Sorting is what a GPU does well, and every sort that is
/// stable gives this very order; drawing one sample after the other, as Fisher and Yates do, would keep all
/// but one thread waiting. Two of 60,000 keys are equal once in ten billion epochs.
std::vector<std::int64_t> permutation(const RandomStream& stream, std::int64_t count);

/// An element is dropped when its word is below this: probability rounded to a multiple of 2^-32.
std::uint32_t dropout_threshold(double probability);

}  // namespace xent::mlp
