// The C types are the C++ ones: same values, same fields, same defaults; and the same bits come out.
#include <array>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <vector>

#include <gtest/gtest.h>
#include <xent/c_api.h>

#include "host/api/c_convert.hpp"
#include "host/api/c_error.hpp"

namespace {

template <class Enum>
constexpr bool is(Enum value, std::int32_t c) {
  return static_cast<std::int32_t>(value) == c;
}

static_assert(is(xent::DType::f32, XENT_F32) && is(xent::DType::f16, XENT_F16) &&
              is(xent::DType::bf16, XENT_BF16) && is(xent::DType::f64, XENT_F64));
static_assert(is(xent::LabelType::u8, XENT_U8) && is(xent::LabelType::i32, XENT_I32) &&
              is(xent::LabelType::i64, XENT_I64));
static_assert(is(xent::Device::cpu, XENT_CPU) && is(xent::Device::reference, XENT_REFERENCE) &&
              is(xent::Device::cuda, XENT_CUDA));
static_assert(is(xent::Reduction::none, XENT_NONE) && is(xent::Reduction::sum, XENT_SUM) &&
              is(xent::Reduction::mean, XENT_MEAN));
static_assert(is(xent::MeanOver::weights, XENT_OVER_WEIGHTS) &&
              is(xent::MeanOver::valid_rows, XENT_OVER_VALID_ROWS));
static_assert(is(xent::EmptyMean::zero, XENT_EMPTY_ZERO) && is(xent::EmptyMean::nan, XENT_EMPTY_NAN));
// One past the last listed value has no name in C++: a value added there must be added here.
static_assert(xent::size_of(static_cast<xent::DType>(XENT_F64 + 1)) == 0);
static_assert(xent::size_of(static_cast<xent::LabelType>(XENT_I64 + 1)) == 0);

// Each binding compiles only while the struct has that many fields, so a field added to the C++ side
// stops here until the C side, and its conversion, has it too.
[[maybe_unused]] void count_fields() {
  [[maybe_unused]] const auto [outer, classes, inner, os, cs, is] = xent::Layout{};
  [[maybe_unused]] const auto [md, mt, ml] = xent::MatrixView{};
  [[maybe_unused]] const auto [cmd, cmt, cml] = xent::ConstMatrixView{};
  [[maybe_unused]] const auto [vd, vt, vs, vst] = xent::VectorView{};
  [[maybe_unused]] const auto [cvd, cvt, cvs, cvst] = xent::ConstVectorView{};
  [[maybe_unused]] const auto [ld, lt, ls, lst] = xent::LabelView{};
  [[maybe_unused]] const auto [id, it, iss, ist] = xent::IndexView{};
  [[maybe_unused]] const auto [device, threads, stream, workspace] = xent::Exec{};
  [[maybe_unused]] const auto [reduction, ignore, denominator, at, over, empty, smoothing, weights, gamma,
                               z_loss, transform] = xent::LossOptions{};
  [[maybe_unused]] const auto [z_scale, temperature, softcap, bias, valid_classes] = xent::LogitTransform{};
  [[maybe_unused]] const auto [scale, values, of_lse, of_log_prob, of_entropy] = xent::Upstream{};
  [[maybe_unused]] const auto [nll_loss, nll_valid] = xent::NllOutputs{};
  [[maybe_unused]] const auto [loss, row_loss, lse, log_prob, entropy, argmax, rank, grad, grad_targets,
                               correct, top_k_count, valid, divisor, top_k] = xent::CrossEntropyOutputs{};
}

TEST(CApiMatch, DefaultsAreTheCppDefaults) {
  const xent_loss_options init = XENT_LOSS_OPTIONS_INIT;
  for (const xent_loss_options* given : {&init, static_cast<const xent_loss_options*>(nullptr)}) {
    const xent::LossOptions options = xent::c::to_options(given);
    EXPECT_EQ(options.reduction, xent::LossOptions{}.reduction);
    EXPECT_EQ(options.ignore_index, xent::LossOptions{}.ignore_index);
    EXPECT_EQ(options.denominator, xent::LossOptions{}.denominator);
    EXPECT_EQ(options.empty_mean, xent::LossOptions{}.empty_mean);
    EXPECT_EQ(options.label_smoothing, xent::LossOptions{}.label_smoothing);
    EXPECT_EQ(options.mean_over, xent::LossOptions{}.mean_over);
    EXPECT_EQ(options.focal_gamma, xent::LossOptions{}.focal_gamma);
    EXPECT_EQ(options.z_loss, xent::LossOptions{}.z_loss);
    EXPECT_FALSE(options.denominator_at.given() || options.class_weights.given());
    EXPECT_EQ(options.transform.logit_scale, xent::LogitTransform{}.logit_scale);
    EXPECT_EQ(options.transform.temperature, xent::LogitTransform{}.temperature);
    EXPECT_EQ(options.transform.softcap, xent::LogitTransform{}.softcap);
    EXPECT_EQ(options.transform.valid_classes, xent::LogitTransform{}.valid_classes);
    EXPECT_FALSE(options.transform.bias.given());
  }
  const xent_exec exec_init = XENT_EXEC_INIT;
  EXPECT_EQ(xent::c::to_exec(&exec_init).device, xent::Exec{}.device);
  EXPECT_EQ(xent::c::to_exec(&exec_init).threads, xent::Exec{}.threads);
  const xent_upstream upstream_init = XENT_UPSTREAM_INIT;
  EXPECT_EQ(xent::c::to_upstream(&upstream_init).scale, xent::Upstream{}.scale);
  EXPECT_FALSE(xent::c::to_upstream(&upstream_init).values.given());
}

TEST(CApiMatch, ZeroedOutputsAreNotGiven) {
  const xent_cross_entropy_outputs none = XENT_CROSS_ENTROPY_OUTPUTS_INIT;
  const xent::CrossEntropyOutputs outputs = xent::c::to_outputs(&none);
  EXPECT_FALSE(outputs.loss.given() || outputs.lse.given() || outputs.argmax.given() || outputs.grad.given());
  EXPECT_EQ(outputs.correct_count, nullptr);
  EXPECT_EQ(outputs.valid_count, nullptr);
  EXPECT_FALSE(outputs.row_loss.given() || outputs.log_prob.given() || outputs.entropy.given() ||
               outputs.target_rank.given() || outputs.grad_targets.given());
  EXPECT_EQ(outputs.top_k_count, nullptr);
  EXPECT_EQ(outputs.divisor, nullptr);
  EXPECT_EQ(outputs.top_k, xent::CrossEntropyOutputs{}.top_k);
}

TEST(CApiMatch, EveryFieldArrives) {
  const xent_layout layout{2, 3, 4, 5, 6, 7};
  EXPECT_EQ(xent::c::to_layout(layout), (xent::Layout{2, 3, 4, 5, 6, 7}));
  EXPECT_EQ(xent::c::to_layout(xent_row_major(2, 3, 9)), xent::row_major(2, 3, 9));
  EXPECT_EQ(xent::c::to_layout(xent_row_major(2, 3, 0)), xent::row_major(2, 3));
  EXPECT_EQ(xent::c::to_layout(xent_channels_first(2, 3, 4)), xent::channels_first(2, 3, 4));

  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  options.reduction = XENT_SUM;
  options.empty_mean = XENT_EMPTY_NAN;
  options.has_ignore_index = options.has_denominator = 1;
  options.ignore_index = -100;
  options.denominator = 3.5;
  options.label_smoothing = 0.25;
  const xent::LossOptions converted = xent::c::to_options(&options);
  EXPECT_EQ(converted.reduction, xent::Reduction::sum);
  EXPECT_EQ(converted.empty_mean, xent::EmptyMean::nan);
  EXPECT_EQ(converted.ignore_index, -100);
  EXPECT_EQ(converted.denominator, 3.5);
  EXPECT_EQ(converted.label_smoothing, 0.25);

  float values[2] = {};
  xent_upstream upstream = XENT_UPSTREAM_INIT;
  upstream.scale = 2.5;
  upstream.values = xent_make_const_vector(values, XENT_F32, 2);
  EXPECT_EQ(xent::c::to_upstream(&upstream).scale, 2.5);
  EXPECT_EQ(xent::c::to_upstream(&upstream).values.data, values);
  const xent_exec exec{sizeof(xent_exec), XENT_REFERENCE, 3, &values[0], &values[1], 77};
  EXPECT_EQ(xent::c::to_exec(&exec).device, xent::Device::reference);
  EXPECT_EQ(xent::c::to_exec(&exec).threads, 3);
  EXPECT_EQ(xent::c::to_exec(&exec).stream, &values[0]);
  EXPECT_EQ(xent::c::to_exec(&exec).workspace.data, &values[1]);
  EXPECT_EQ(xent::c::to_exec(&exec).workspace.bytes, 77U);
}

TEST(CApiMatch, ACallThroughCGivesTheSameBits) {
  std::vector<float> logits(6 * 5);
  for (std::size_t i = 0; i < logits.size(); ++i) logits[i] = static_cast<float>((i * 37) % 11) * 0.7F - 3.0F;
  const std::array<std::uint8_t, 6> labels{0, 4, 9, 2, 1, 3};
  const std::array<float, 6> scales{0.0F, -1.0F, 2.0F, 0.5F, 1.0F, 3.0F};

  std::vector<float> cpp_grad(logits.size()), c_grad(logits.size());
  std::vector<float> cpp_loss(6), c_loss(6);
  const auto z = xent::matrix(std::as_const(logits).data(), 6, 5);
  xent::cross_entropy(z, xent::labels(labels.data(), 6),
                      {.loss = xent::vector(cpp_loss.data(), 6), .grad = xent::matrix(cpp_grad.data(), 6, 5)},
                      {.reduction = xent::Reduction::none, .ignore_index = 9, .label_smoothing = 0.1},
                      {.scale = 0.5, .values = xent::vector(scales.data(), 6)});

  const xent_const_matrix c_z = xent_make_const_matrix(logits.data(), XENT_F32, xent_row_major(6, 5, 0));
  const xent_labels c_labels = xent_make_labels(labels.data(), XENT_U8, 6);
  xent_cross_entropy_outputs outputs = XENT_CROSS_ENTROPY_OUTPUTS_INIT;
  outputs.loss = xent_make_vector(c_loss.data(), XENT_F32, 6);
  outputs.grad = xent_make_matrix(c_grad.data(), XENT_F32, xent_row_major(6, 5, 0));
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  options.reduction = XENT_NONE;
  options.has_ignore_index = 1;
  options.ignore_index = 9;
  options.label_smoothing = 0.1;
  xent_upstream upstream = XENT_UPSTREAM_INIT;
  upstream.scale = 0.5;
  upstream.values = xent_make_const_vector(scales.data(), XENT_F32, 6);
  ASSERT_EQ(xent_cross_entropy(&c_z, &c_labels, &outputs, &options, &upstream, nullptr), XENT_OK)
      << xent_last_error();

  EXPECT_EQ(std::memcmp(cpp_loss.data(), c_loss.data(), sizeof(float) * 6), 0);
  EXPECT_EQ(std::memcmp(cpp_grad.data(), c_grad.data(), sizeof(float) * cpp_grad.size()), 0);
  EXPECT_NE(cpp_loss[1], 0.0F);
}

TEST(CApiMatch, NoExceptionGetsThrough) {
  EXPECT_EQ(xent::c::guarded([] { throw std::bad_alloc(); }), XENT_OUT_OF_MEMORY);
  EXPECT_EQ(xent::c::guarded([] { throw xent::OutOfMemory("of the device's"); }), XENT_OUT_OF_MEMORY);
  EXPECT_EQ(xent::c::guarded([] { throw xent::CudaError("launch: lost", 719); }), XENT_CUDA_FAILURE);
  EXPECT_STREQ(xent_last_error(), "launch: lost");
  EXPECT_EQ(xent::c::guarded([] { throw std::logic_error("broken inside"); }), XENT_INTERNAL);
  EXPECT_STREQ(xent_last_error(), "broken inside");
  EXPECT_EQ(xent::c::guarded([] { throw 7; }), XENT_INTERNAL);
  EXPECT_EQ(xent::c::guarded([] { throw std::runtime_error(std::string(5000, 'x')); }), XENT_INTERNAL);
  EXPECT_EQ(std::strlen(xent_last_error()), 1023U);
  const auto throws = [](std::int64_t, void*) { throw std::runtime_error("from the callback"); };
  EXPECT_EQ(xent_parallel_for(4, 2, throws, nullptr), XENT_INTERNAL);
  EXPECT_STREQ(xent_last_error(), "from the callback");
}

}  // namespace
