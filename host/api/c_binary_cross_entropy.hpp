// Binary cross-entropy's structs from the C ABI's to the C++ API's.
#pragma once

#include <xent/c_binary_cross_entropy.h>
#include <xent/binary_cross_entropy.hpp>

#include "host/api/c_convert.hpp"

namespace xent::c {

inline BinaryCrossEntropyOptions to_options(const xent_binary_cross_entropy_options* given) {
  constexpr xent_binary_cross_entropy_options defaults = XENT_BINARY_CROSS_ENTROPY_OPTIONS_INIT;
  constexpr std::size_t first_size =
      offsetof(xent_binary_cross_entropy_options, pos_weight) + sizeof defaults.pos_weight;
  const auto in = versioned("options", given, first_size, defaults);
  require_listed("options", "reduction", in.reduction, XENT_MEAN);
  require_listed("options", "empty_mean", in.empty_mean, XENT_EMPTY_NAN);
  require_listed("options", "has_denominator", in.has_denominator, 1);
  return {.reduction = static_cast<Reduction>(in.reduction),
          .denominator = in.has_denominator == 1 ? std::optional(in.denominator) : std::nullopt,
          .denominator_at = to_view("options.denominator_at", in.denominator_at),
          .empty_mean = static_cast<EmptyMean>(in.empty_mean),
          .class_weights = to_view("options.class_weights", in.class_weights),
          .pos_weight = to_view("options.pos_weight", in.pos_weight)};
}

inline BinaryCrossEntropyUpstream to_upstream(const xent_binary_cross_entropy_upstream* given) {
  constexpr xent_binary_cross_entropy_upstream defaults = XENT_BINARY_CROSS_ENTROPY_UPSTREAM_INIT;
  constexpr std::size_t first_size =
      offsetof(xent_binary_cross_entropy_upstream, values) + sizeof defaults.values;
  const auto in = versioned("upstream", given, first_size, defaults);
  return {.scale = in.scale,
          .value = to_view("upstream.value", in.value),
          .values = to_view("upstream.values", in.values)};
}

inline BinaryCrossEntropyOutputs to_outputs(const xent_binary_cross_entropy_outputs* given) {
  constexpr xent_binary_cross_entropy_outputs none = XENT_BINARY_CROSS_ENTROPY_OUTPUTS_INIT;
  constexpr std::size_t first_size =
      offsetof(xent_binary_cross_entropy_outputs, grad_targets) + sizeof none.grad_targets;
  const auto in = versioned("outputs", &required("outputs", given), first_size, none);
  return {.losses = to_view("outputs.losses", in.losses),
          .loss = to_view("outputs.loss", in.loss),
          .grad = to_view("outputs.grad", in.grad),
          .grad_targets = to_view("outputs.grad_targets", in.grad_targets)};
}

}  // namespace xent::c
