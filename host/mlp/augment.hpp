// A training sample as the network sees it: moved by the random shift of its place in the batch.
#pragma once

#include <cstdint>

#include "host/data/dataset.hpp"
#include "host/mlp/host_backend.hpp"
#include "host/mlp/recipe.hpp"

namespace xent::mlp {

/// Writes the batch's sample number `row` to out (features bytes); what a shift uncovers is 0.
void copy_augmented(const Recipe& recipe, const data::Dataset& dataset, const Batch& batch, std::int64_t row,
                    std::uint8_t* out);

}  // namespace xent::mlp
