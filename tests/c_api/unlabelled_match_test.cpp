// The C types of the losses without labels are the C++ ones: same fields, same defaults.
#include <gtest/gtest.h>
#include <xent/c_api.h>

#include "host/api/c_binary_cross_entropy.hpp"
#include "host/api/c_divergence.hpp"

namespace {

// Each binding compiles only while the struct has that many fields, so a field added to the C++ side stops
// here until the C side, and its conversion, has it too.
[[maybe_unused]] void count_fields() {
  [[maybe_unused]] const auto [br, bd, bda, be, bw, bp] = xent::BinaryCrossEntropyOptions{};
  [[maybe_unused]] const auto [us, uv, uvs] = xent::BinaryCrossEntropyUpstream{};
  [[maybe_unused]] const auto [bls, bl, bg, bgt] = xent::BinaryCrossEntropyOutputs{};
  [[maybe_unused]] const auto [dt, db, dr, dd, dda, de] = xent::DivergenceOptions{};
  [[maybe_unused]] const auto [dl, dgp, dgq] = xent::DivergenceOutputs{};
}

TEST(CApiUnlabelled, DefaultsAreTheCppDefaults) {
  const xent_binary_cross_entropy_options binary_init = XENT_BINARY_CROSS_ENTROPY_OPTIONS_INIT;
  const xent::BinaryCrossEntropyOptions binary = xent::c::to_options(&binary_init);
  EXPECT_EQ(binary.reduction, xent::BinaryCrossEntropyOptions{}.reduction);
  EXPECT_EQ(binary.denominator, xent::BinaryCrossEntropyOptions{}.denominator);
  EXPECT_EQ(binary.empty_mean, xent::BinaryCrossEntropyOptions{}.empty_mean);
  EXPECT_FALSE(binary.denominator_at.given() || binary.class_weights.given() || binary.pos_weight.given());
  const xent_binary_cross_entropy_upstream upstream_init = XENT_BINARY_CROSS_ENTROPY_UPSTREAM_INIT;
  const xent::BinaryCrossEntropyUpstream upstream = xent::c::to_upstream(&upstream_init);
  EXPECT_EQ(upstream.scale, 1.0);
  EXPECT_FALSE(upstream.value.given());
  EXPECT_EQ(upstream.values.layout, xent::Layout{});
  const xent_divergence_options divergence_init = XENT_DIVERGENCE_OPTIONS_INIT;
  const xent::DivergenceOptions divergence = xent::c::to_options(&divergence_init);
  EXPECT_EQ(divergence.temperature, xent::DivergenceOptions{}.temperature);
  EXPECT_EQ(divergence.beta, xent::DivergenceOptions{}.beta);
  EXPECT_EQ(divergence.reduction, xent::DivergenceOptions{}.reduction);
  EXPECT_EQ(divergence.denominator, xent::DivergenceOptions{}.denominator);
  EXPECT_EQ(divergence.empty_mean, xent::DivergenceOptions{}.empty_mean);
  EXPECT_FALSE(divergence.denominator_at.given());
}

TEST(CApiUnlabelled, ZeroedOutputsAreNotGiven) {
  const xent_binary_cross_entropy_outputs binary_init = XENT_BINARY_CROSS_ENTROPY_OUTPUTS_INIT;
  const xent::BinaryCrossEntropyOutputs binary = xent::c::to_outputs(&binary_init);
  EXPECT_FALSE(binary.losses.given() || binary.loss.given() || binary.grad.given() ||
               binary.grad_targets.given());
  const xent_divergence_outputs divergence_init = XENT_DIVERGENCE_OUTPUTS_INIT;
  const xent::DivergenceOutputs divergence = xent::c::to_outputs(&divergence_init);
  EXPECT_FALSE(divergence.loss.given() || divergence.grad_p.given() || divergence.grad_q.given());
}

TEST(CApiUnlabelled, EveryFieldArrives) {
  double n[8] = {};
  const auto vector_at = [&](int i) { return xent_make_const_vector(n + i, XENT_F64, 1); };
  const xent_binary_cross_entropy_options binary{sizeof(xent_binary_cross_entropy_options),
                                                 XENT_SUM,
                                                 XENT_EMPTY_NAN,
                                                 1,
                                                 2.5,
                                                 vector_at(0),
                                                 vector_at(1),
                                                 vector_at(2)};
  const xent::BinaryCrossEntropyOptions b = xent::c::to_options(&binary);
  EXPECT_EQ(b.reduction, xent::Reduction::sum);
  EXPECT_EQ(b.empty_mean, xent::EmptyMean::nan);
  EXPECT_EQ(b.denominator, 2.5);
  EXPECT_EQ(b.denominator_at.data, n);
  EXPECT_EQ(b.class_weights.data, n + 1);
  EXPECT_EQ(b.pos_weight.data, n + 2);
  const xent_divergence_options divergence{
      sizeof(xent_divergence_options), XENT_NONE, XENT_EMPTY_NAN, 1, 3.5, vector_at(3), 2.0, 0.75};
  const xent::DivergenceOptions d = xent::c::to_options(&divergence);
  EXPECT_EQ(d.reduction, xent::Reduction::none);
  EXPECT_EQ(d.empty_mean, xent::EmptyMean::nan);
  EXPECT_EQ(d.denominator, 3.5);
  EXPECT_EQ(d.denominator_at.data, n + 3);
  EXPECT_EQ(d.temperature, 2.0);
  EXPECT_EQ(d.beta, 0.75);
  const xent_binary_cross_entropy_upstream upstream{
      sizeof(xent_binary_cross_entropy_upstream), -2.0, vector_at(4),
      xent_make_const_matrix(n + 5, XENT_F64, xent_row_major(1, 2, 0))};
  const xent::BinaryCrossEntropyUpstream u = xent::c::to_upstream(&upstream);
  EXPECT_EQ(u.scale, -2.0);
  EXPECT_EQ(u.value.data, n + 4);
  EXPECT_EQ(u.values.data, n + 5);
}

}  // namespace
