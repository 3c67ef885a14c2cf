// How far a device's numbers may lie from exact ones: what its rounding explains, and no more.
#pragma once

#include <cstdint>
#include <vector>

#include <xent/dtype.hpp>

#include "host/mlp/recipe.hpp"
#include "host/mlp/reference_backend.hpp"

namespace xent::mlp {

/// Largest deviations that rounding explains, each relative to the largest number of its kind.
struct ValidationBounds {
  double loss = 0.0;
  double gradient = 0.0;
  double update = 0.0;
};

/// With u half the distance from 1 to the next number of `arithmetic` (2^-24 for f32), n the longest sum of
/// the step (over a layer's inputs, its outputs or the batch) and Z the largest weighted sum of any unit:
///
///   loss, gradient  4·u·√n·(1 + Z)   update  16·u
///
/// n roundings of random sign add up like √n of them. What they do to a logit of size Z, they do to the
/// logarithm of every probability, hence (1 + Z). An optimizer's step is a dozen operations on each number,
/// whatever the sizes. Products in TF32 or bf16, with u of 2^-11 and 2^-8, lie far outside.
ValidationBounds validation_bounds(DType arithmetic, const ReferenceBackend::Pass& pass,
                                   const NetworkState& network);

/// How far each gradient may move because ReLU has a kink: a weighted sum that is zero but for rounding may
/// fall to either side, and its unit then lets the whole gradient through or none of it. A step of the
/// default recipe has 32,768 such sums, so now and then one does. Zero for all but the parameters behind such
/// a unit.
std::vector<ReferenceBackend::Gradients> kink_slack(DType arithmetic, const Recipe& recipe,
                                                    const ReferenceBackend::Pass& pass,
                                                    const NetworkState& network);

}  // namespace xent::mlp
