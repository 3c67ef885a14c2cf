// The divergences' structs from the C ABI's to the C++ API's.
#pragma once

#include <xent/c_divergence.h>
#include <xent/divergence.hpp>

#include "host/api/c_convert.hpp"

namespace xent::c {

inline DivergenceOptions to_options(const xent_divergence_options* given) {
  constexpr xent_divergence_options defaults = XENT_DIVERGENCE_OPTIONS_INIT;
  constexpr std::size_t first_size = offsetof(xent_divergence_options, beta) + sizeof defaults.beta;
  const auto in = versioned("options", given, first_size, defaults);
  require_listed("options", "reduction", in.reduction, XENT_MEAN);
  require_listed("options", "empty_mean", in.empty_mean, XENT_EMPTY_NAN);
  require_listed("options", "has_denominator", in.has_denominator, 1);
  return {.temperature = in.temperature,
          .beta = in.beta,
          .reduction = static_cast<Reduction>(in.reduction),
          .denominator = in.has_denominator == 1 ? std::optional(in.denominator) : std::nullopt,
          .denominator_at = to_view("options.denominator_at", in.denominator_at),
          .empty_mean = static_cast<EmptyMean>(in.empty_mean)};
}

inline DivergenceOutputs to_outputs(const xent_divergence_outputs* given) {
  constexpr xent_divergence_outputs none = XENT_DIVERGENCE_OUTPUTS_INIT;
  constexpr std::size_t first_size = offsetof(xent_divergence_outputs, grad_q) + sizeof none.grad_q;
  const auto in = versioned("outputs", &required("outputs", given), first_size, none);
  return {.loss = to_view("outputs.loss", in.loss),
          .grad_p = to_view("outputs.grad_p", in.grad_p),
          .grad_q = to_view("outputs.grad_q", in.grad_q)};
}

}  // namespace xent::c
