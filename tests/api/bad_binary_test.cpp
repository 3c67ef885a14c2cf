// Binary cross-entropy refuses what makes no sense, before anything is written.
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include <xent/xent.hpp>

namespace xent {
namespace {

constexpr float kMark = -77.0F;

/// A valid call to break: 2 rows of 3 classes, a reduced loss and both gradients.
struct BinaryCall {
  std::vector<float> logits_data{1, 2, 3, 4, 5, 6};
  std::vector<float> targets_data{0, 1, 0, 1, 0, 1};
  std::vector<float> numbers = std::vector<float>(6, 1.0F);
  std::vector<float> losses_data = std::vector<float>(6, kMark);
  std::vector<float> grad_data = std::vector<float>(6, kMark);
  std::vector<float> grad_targets_data = std::vector<float>(6, kMark);
  float loss_data = kMark;

  ConstMatrixView logits = matrix(std::as_const(logits_data).data(), 2, 3);
  ConstMatrixView targets = matrix(std::as_const(targets_data).data(), 2, 3);
  BinaryCrossEntropyOutputs outputs{.loss = vector(&loss_data, 1),
                                    .grad = matrix(grad_data.data(), 2, 3),
                                    .grad_targets = matrix(grad_targets_data.data(), 2, 3)};
  BinaryCrossEntropyOptions options{};
  BinaryCrossEntropyUpstream upstream{};
  Exec exec{};

  void run() { binary_cross_entropy(logits, targets, outputs, options, upstream, exec); }
};

/// The call, once broken, throws InvalidArgument with all of these in its text and writes nothing.
void expect_rejected(const std::function<void(BinaryCall&)>& break_it,
                     const std::vector<std::string>& words) {
  for (const Device device : {Device::cpu, Device::reference}) {
    BinaryCall call;
    call.exec.device = device;
    break_it(call);
    const std::vector<float> logits = call.logits_data;
    const std::vector<float> targets = call.targets_data;
    try {
      call.run();
      ADD_FAILURE() << "accepted; expected a refusal naming " << words.front();
    } catch (const InvalidArgument& error) {
      for (const std::string& word : words) EXPECT_THAT(error.what(), testing::HasSubstr(word));
    }
    EXPECT_EQ(call.logits_data, logits);
    EXPECT_EQ(call.targets_data, targets);
    EXPECT_EQ(call.loss_data, kMark);
    for (const auto* data : {&call.losses_data, &call.grad_data, &call.grad_targets_data}) {
      EXPECT_THAT(*data, testing::Each(kMark));
    }
  }
}

TEST(BadBinary, TheCallItselfIsGood) {
  BinaryCall call;
  EXPECT_NO_THROW(call.run());
  EXPECT_NE(call.loss_data, kMark);
}

TEST(BadBinary, Views) {
  expect_rejected([](auto& c) { c.logits.data = nullptr; }, {"logits", "null"});
  expect_rejected([](auto& c) { c.targets.data = nullptr; }, {"targets", "null"});
  expect_rejected([](auto& c) { c.targets.layout = row_major(3, 2); }, {"targets", "3 × 2", "2 × 3"});
  expect_rejected([](auto& c) { c.targets.dtype = DType::bf16; }, {"targets", "bf16", "f32"});
  expect_rejected([](auto& c) { c.outputs.grad.layout = row_major(2, 2); }, {"outputs.grad", "2 × 2"});
  expect_rejected([](auto& c) { c.outputs.grad_targets.dtype = DType::f16; },
                  {"outputs.grad_targets", "f16"});
  expect_rejected([](auto& c) { c.outputs.grad.layout.outer_stride = 1; }, {"outputs.grad", "one address"});
  expect_rejected([](auto& c) { c.outputs.loss.size = 2; }, {"outputs.loss", "size is 2", "1"});
  expect_rejected([](auto& c) { c.outputs = {}; }, {"outputs", "none"});
}

TEST(BadBinary, ALossOfTheWrongKind) {
  expect_rejected([](auto& c) { c.options.reduction = Reduction::none; }, {"outputs.loss", "outputs.losses"});
  expect_rejected([](auto& c) { c.outputs.losses = matrix(c.losses_data.data(), 2, 3); },
                  {"outputs.losses", "outputs.loss"});
}

TEST(BadBinary, Weights) {
  expect_rejected([](auto& c) { c.options.class_weights = vector(c.numbers.data(), 2); },
                  {"options.class_weights", "size is 2", "3"});
  expect_rejected([](auto& c) { c.options.pos_weight = vector(c.numbers.data(), 6); },
                  {"options.pos_weight", "size is 6", "3"});
  expect_rejected(
      [](auto& c) {
        c.options.pos_weight = {c.numbers.data(), DType::f16, 3};
      },
      {"options.pos_weight", "f16", "f32 or f64"});
}

TEST(BadBinary, Denominators) {
  for (const double value : {0.0, -1.0, std::numeric_limits<double>::infinity(), std::nan("")}) {
    expect_rejected([=](auto& c) { c.options.denominator = value; }, {"options.denominator", "above 0"});
  }
  expect_rejected([](auto& c) { c.options = {.reduction = Reduction::sum, .denominator = 2.0}; },
                  {"options.denominator", "mean"});
  expect_rejected([](auto& c) { c.options.denominator_at = vector(c.numbers.data(), 2); },
                  {"options.denominator_at", "size is 2", "1"});
  expect_rejected(
      [](auto& c) {
        c.options.denominator = 2.0;
        c.options.denominator_at = vector(c.numbers.data(), 1);
      },
      {"options.denominator_at", "options.denominator", "one of the two"});
  expect_rejected([](auto& c) { c.options.reduction = static_cast<Reduction>(9); },
                  {"options.reduction", "9"});
  expect_rejected([](auto& c) { c.options.empty_mean = static_cast<EmptyMean>(3); },
                  {"options.empty_mean", "3"});
}

TEST(BadBinary, Upstream) {
  expect_rejected([](auto& c) { c.upstream.scale = std::nan(""); }, {"upstream.scale", "finite"});
  expect_rejected([](auto& c) { c.upstream.value = vector(c.numbers.data(), 6); },
                  {"upstream.value", "size is 6"});
  expect_rejected([](auto& c) { c.upstream.values = matrix(c.numbers.data(), 2, 3); },
                  {"upstream.values", "one number"});
  expect_rejected(
      [](auto& c) {
        c.options.reduction = Reduction::none;
        c.outputs.loss = {};
        c.upstream.values = matrix(c.numbers.data(), 3, 2);
      },
      {"upstream.values", "3 × 2", "2 × 3"});
}

TEST(BadBinary, Overlap) {
  expect_rejected([](auto& c) { c.outputs.grad = matrix(c.targets_data.data(), 2, 3); },
                  {"outputs.grad", "shares memory with targets"});
  expect_rejected([](auto& c) { c.outputs.grad_targets = matrix(c.logits_data.data(), 2, 3); },
                  {"outputs.grad_targets", "shares memory with logits"});
  expect_rejected([](auto& c) { c.outputs.grad_targets = c.outputs.grad; },
                  {"outputs.grad", "outputs.grad_targets"});
  expect_rejected(
      [](auto& c) {
        c.options.pos_weight = vector(c.numbers.data(), 3);
        c.outputs.loss = vector(c.numbers.data() + 1, 1);
      },
      {"outputs.loss", "options.pos_weight"});
  expect_rejected(
      [](auto& c) {
        c.options.reduction = Reduction::none;
        c.outputs.loss = {};
        c.outputs.losses = matrix(c.logits_data.data(), 2, 3);
      },
      {"outputs.losses", "shares memory with logits"});
  BinaryCall in_place;
  in_place.outputs.grad = matrix(in_place.logits_data.data(), 2, 3);
  in_place.outputs.grad_targets = matrix(in_place.targets_data.data(), 2, 3);
  EXPECT_NO_THROW(in_place.run());
  BinaryCall losses;
  losses.options.reduction = Reduction::none;
  losses.outputs = {.losses = matrix(losses.logits_data.data(), 2, 3)};
  EXPECT_NO_THROW(losses.run());
  EXPECT_FLOAT_EQ(losses.logits_data[0], 1.3132617F);
}

TEST(BadBinary, ZeroRowsAreLegal) {
  float loss = kMark;
  binary_cross_entropy({nullptr, DType::f32, row_major(0, 3)}, {nullptr, DType::f32, row_major(0, 3)},
                       {.loss = vector(&loss, 1)});
  EXPECT_EQ(loss, 0.0F);
}

}  // namespace
}  // namespace xent
