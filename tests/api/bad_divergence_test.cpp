// Divergences refuse what makes no sense, before anything is written.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include <xent/xent.hpp>

namespace xent {
namespace {

constexpr float kMark = -77.0F;

/// A valid call to break: 2 rows of 3 classes, a reduced loss and both gradients.
struct DivergenceCall {
  std::vector<float> p_data{1, 2, 3, 4, 5, 6};
  std::vector<float> q_data{3, 1, 2, 6, 4, 5};
  std::vector<float> numbers = std::vector<float>(6, 1.0F);
  std::vector<float> loss_data = std::vector<float>(2, kMark);
  std::vector<float> grad_p_data = std::vector<float>(6, kMark);
  std::vector<float> grad_q_data = std::vector<float>(6, kMark);

  ConstMatrixView p_logits = matrix(std::as_const(p_data).data(), 2, 3);
  ConstMatrixView q_logits = matrix(std::as_const(q_data).data(), 2, 3);
  DivergenceOutputs outputs{.loss = vector(loss_data.data(), 1),
                            .grad_p = matrix(grad_p_data.data(), 2, 3),
                            .grad_q = matrix(grad_q_data.data(), 2, 3)};
  DivergenceOptions options{};
  Upstream upstream{};
  Exec exec{};
  bool jensen_shannon = false;

  void run() {
    (jensen_shannon ? js_divergence : kl_divergence)(p_logits, q_logits, outputs, options, upstream, exec);
  }
};

/// The call, once broken, throws InvalidArgument with all of these in its text and writes nothing.
void expect_rejected(const std::function<void(DivergenceCall&)>& break_it,
                     const std::vector<std::string>& words) {
  for (const Device device : {Device::cpu, Device::reference}) {
    DivergenceCall call;
    call.exec.device = device;
    break_it(call);
    const std::vector<float> p = call.p_data;
    const std::vector<float> q = call.q_data;
    try {
      call.run();
      ADD_FAILURE() << "accepted; expected a refusal naming " << words.front();
    } catch (const InvalidArgument& error) {
      for (const std::string& word : words) EXPECT_THAT(error.what(), testing::HasSubstr(word));
    }
    EXPECT_EQ(call.p_data, p);
    EXPECT_EQ(call.q_data, q);
    for (const auto* data : {&call.loss_data, &call.grad_p_data, &call.grad_q_data}) {
      EXPECT_THAT(*data, testing::Each(kMark));
    }
  }
}

TEST(BadDivergence, TheCallItselfIsGood) {
  DivergenceCall call;
  EXPECT_NO_THROW(call.run());
  call.jensen_shannon = true;
  EXPECT_NO_THROW(call.run());
  EXPECT_NE(call.loss_data[0], kMark);
}

TEST(BadDivergence, Views) {
  expect_rejected([](auto& c) { c.p_logits.data = nullptr; }, {"p_logits", "null"});
  expect_rejected([](auto& c) { c.q_logits.layout = row_major(3, 2); }, {"q_logits", "3 × 2", "2 × 3"});
  expect_rejected([](auto& c) { c.q_logits.dtype = DType::f16; }, {"q_logits", "f16", "f32"});
  expect_rejected([](auto& c) { c.outputs.loss.size = 2; }, {"outputs.loss", "size is 2", "1"});
  expect_rejected([](auto& c) { c.options.reduction = Reduction::none; }, {"outputs.loss", "size is 1", "2"});
  expect_rejected([](auto& c) { c.outputs.grad_p.layout = row_major(2, 2); }, {"outputs.grad_p", "2 × 2"});
  expect_rejected([](auto& c) { c.outputs.grad_q.dtype = DType::bf16; },
                  {"outputs.grad_q", "bf16", "q_logits"});
  expect_rejected([](auto& c) { c.outputs.grad_q.layout.outer_stride = 2; },
                  {"outputs.grad_q", "one address"});
  expect_rejected([](auto& c) { c.outputs = {}; }, {"outputs", "none"});
}

TEST(BadDivergence, Options) {
  for (const double value : {0.0, -1.0, 1e-7, 1e7, std::numeric_limits<double>::infinity(), std::nan("")}) {
    expect_rejected([=](auto& c) { c.options.temperature = value; }, {"options.temperature", "1e-6 to 1e6"});
  }
  for (const double value : {0.0, 1.0, -0.5, 1e-9, std::nan("")}) {
    expect_rejected(
        [=](auto& c) {
          c.jensen_shannon = true;
          c.options.beta = value;
        },
        {"options.beta", "1e-6 to 1 - 1e-6"});
  }
  expect_rejected([](auto& c) { c.options.beta = 0.25; }, {"options.beta", "0.25", "js_divergence"});
  expect_rejected([](auto& c) { c.options.denominator = 0.0; }, {"options.denominator", "above 0"});
  expect_rejected([](auto& c) { c.options.denominator_at = vector(c.numbers.data(), 3); },
                  {"options.denominator_at", "size is 3"});
  expect_rejected([](auto& c) { c.options.reduction = static_cast<Reduction>(4); },
                  {"options.reduction", "4"});
}

TEST(BadDivergence, Upstream) {
  expect_rejected([](auto& c) { c.upstream.scale = std::nan(""); }, {"upstream.scale", "finite"});
  expect_rejected([](auto& c) { c.upstream.values = vector(c.numbers.data(), 2); },
                  {"upstream.values", "one number"});
  expect_rejected(
      [](auto& c) {
        c.options.reduction = Reduction::none;
        c.outputs.loss.size = 2;
        c.upstream.values = vector(c.numbers.data(), 3);
      },
      {"upstream.values", "size is 3", "2"});
}

TEST(BadDivergence, Overlap) {
  expect_rejected([](auto& c) { c.outputs.grad_p = matrix(c.q_data.data(), 2, 3); },
                  {"outputs.grad_p", "shares memory with q_logits"});
  expect_rejected([](auto& c) { c.outputs.grad_q = matrix(c.p_data.data(), 2, 3); },
                  {"outputs.grad_q", "shares memory with p_logits"});
  expect_rejected([](auto& c) { c.outputs.grad_q = c.outputs.grad_p; }, {"outputs.grad_p", "outputs.grad_q"});
  expect_rejected(
      [](auto& c) {  // in place of one that is also the other
        c.q_logits = c.p_logits;
        c.outputs.grad_p = matrix(c.p_data.data(), 2, 3);
      },
      {"outputs.grad_p", "q_logits"});
  DivergenceCall in_place;
  in_place.outputs.grad_p = matrix(in_place.p_data.data(), 2, 3);
  in_place.outputs.grad_q = matrix(in_place.q_data.data(), 2, 3);
  EXPECT_NO_THROW(in_place.run());
  DivergenceCall same;
  same.q_logits = same.p_logits;
  EXPECT_NO_THROW(same.run());
  EXPECT_EQ(same.loss_data[0], 0.0F);
}

TEST(BadDivergence, ZeroRowsAreLegal) {
  float loss = kMark;
  kl_divergence({nullptr, DType::f32, row_major(0, 3)}, {nullptr, DType::f32, row_major(0, 3)},
                {.loss = vector(&loss, 1)});
  EXPECT_EQ(loss, 0.0F);
}

}  // namespace
}  // namespace xent
