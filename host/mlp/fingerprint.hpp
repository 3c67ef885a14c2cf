// Tells whether two datasets are the same, so that a run is not resumed on other data by mistake.
#pragma once

#include <cstdint>

#include "host/data/dataset.hpp"

namespace xent::mlp {

/// A 64-bit hash of shape, pixels and labels. Against mistakes, not against forgery.
std::uint64_t fingerprint(const data::Dataset& dataset);

}  // namespace xent::mlp
