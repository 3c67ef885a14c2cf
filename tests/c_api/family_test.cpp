// Every option and output of the cross-entropy family through C: the same bits as through C++.
#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <xent/c_api.h>
#include <xent/xent.hpp>

namespace {

constexpr std::int64_t kRows = 4, kClasses = 5;

struct Inputs {
  std::vector<double> logits, soft;
  std::array<std::int32_t, kRows> labels{3, 7, 0, 1};
  std::array<float, kClasses> weights{1.0F, 0.5F, 0.0F, 2.0F, 3.0F};
  std::array<double, kClasses> bias{0.1, -0.2, 0.3, 0.0, 0.5};
  std::array<double, kRows> of_lse{0.1, 0.2, 0.3, 0.4}, of_log_prob{-1.0, 1.0, 2.0, 0.5};
  std::array<float, kRows> of_entropy{0.5F, 0.25F, -1.0F, 2.0F};
  double denominator = 2.5;

  Inputs() {
    for (int i = 0; i < kRows * kClasses; ++i) {
      logits.push_back((i * 37 % 11) * 0.7 - 3.0);
      soft.push_back((i * 13 % 7) / 20.0);
    }
  }
};

/// All outputs of a call, poisoned.
struct Outputs {
  double loss = -7.0, divisor = -7.0;
  std::array<double, kRows> row_loss, lse, log_prob, entropy;
  std::array<std::int64_t, kRows> argmax{}, rank{};
  std::vector<double> grad, grad_targets;
  std::int64_t correct = -7, top_k = -7, valid = -7;

  Outputs() : grad(kRows * kClasses, -7.0), grad_targets(kRows * kClasses, -7.0) {
    for (auto* each : {&row_loss, &lse, &log_prob, &entropy}) each->fill(-7.0);
  }
  bool operator==(const Outputs&) const = default;
};

xent::LossOptions cpp_options(const Inputs& in, bool soft) {
  xent::LossOptions options{.mean_over = xent::MeanOver::valid_rows,
                            .label_smoothing = 0.1,
                            .class_weights = xent::vector(in.weights.data(), kClasses),
                            .focal_gamma = 1.5,
                            .z_loss = 0.01,
                            .transform = {.logit_scale = 0.7,
                                          .temperature = 1.3,
                                          .softcap = 4.0,
                                          .bias = xent::vector(in.bias.data(), kClasses),
                                          .valid_classes = 4}};
  if (soft) options.denominator_at = xent::vector(&in.denominator, 1);
  if (!soft) options.ignore_index = 7;
  return options;
}

xent_loss_options c_options(const Inputs& in, bool soft) {
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  options.mean_over = XENT_OVER_VALID_ROWS;
  options.label_smoothing = 0.1;
  options.class_weights = xent_make_const_vector(in.weights.data(), XENT_F32, kClasses);
  options.focal_gamma = 1.5;
  options.z_loss = 0.01;
  options.logit_scale = 0.7;
  options.temperature = 1.3;
  options.softcap = 4.0;
  options.bias = xent_make_const_vector(in.bias.data(), XENT_F64, kClasses);
  options.valid_classes = 4;
  if (soft) options.denominator_at = xent_make_const_vector(&in.denominator, XENT_F64, 1);
  if (!soft) {
    options.has_ignore_index = 1;
    options.ignore_index = 7;
  }
  return options;
}

xent::Upstream cpp_upstream(const Inputs& in) {
  return {.scale = 1.5,
          .lse = xent::vector(in.of_lse.data(), kRows),
          .log_prob = xent::vector(in.of_log_prob.data(), kRows),
          .entropy = xent::vector(in.of_entropy.data(), kRows)};
}

xent_upstream c_upstream(const Inputs& in) {
  xent_upstream upstream = XENT_UPSTREAM_INIT;
  upstream.scale = 1.5;
  upstream.lse = xent_make_const_vector(in.of_lse.data(), XENT_F64, kRows);
  upstream.log_prob = xent_make_const_vector(in.of_log_prob.data(), XENT_F64, kRows);
  upstream.entropy = xent_make_const_vector(in.of_entropy.data(), XENT_F32, kRows);
  return upstream;
}

xent_matrix c_matrix(std::vector<double>& data) {
  return xent_make_matrix(data.data(), XENT_F64, xent_row_major(kRows, kClasses, 0));
}
xent_const_matrix c_matrix(const std::vector<double>& data) {
  return xent_make_const_matrix(data.data(), XENT_F64, xent_row_major(kRows, kClasses, 0));
}

Outputs through_cpp(const Inputs& in, bool soft) {
  Outputs out;
  xent::CrossEntropyOutputs views{.loss = xent::vector(&out.loss, 1),
                                  .row_loss = xent::vector(out.row_loss.data(), kRows),
                                  .lse = xent::vector(out.lse.data(), kRows),
                                  .log_prob = xent::vector(out.log_prob.data(), kRows),
                                  .entropy = xent::vector(out.entropy.data(), kRows),
                                  .argmax = xent::indices(out.argmax.data(), kRows),
                                  .grad = xent::matrix(out.grad.data(), kRows, kClasses),
                                  .valid_count = &out.valid,
                                  .divisor = &out.divisor,
                                  .top_k = 2};
  if (soft) {
    views.grad_targets = xent::matrix(out.grad_targets.data(), kRows, kClasses);
  } else {
    views.target_rank = xent::indices(out.rank.data(), kRows);
    views.correct_count = &out.correct;
    views.top_k_count = &out.top_k;
  }
  const xent::TargetView target = soft ? xent::TargetView(xent::matrix(in.soft.data(), kRows, kClasses))
                                       : xent::TargetView(xent::labels(in.labels.data(), kRows));
  xent::cross_entropy(xent::matrix(in.logits.data(), kRows, kClasses), target, views, cpp_options(in, soft),
                      cpp_upstream(in));
  return out;
}

Outputs through_c(const Inputs& in, bool soft) {
  Outputs out;
  xent_cross_entropy_outputs views = XENT_CROSS_ENTROPY_OUTPUTS_INIT;
  views.loss = xent_make_vector(&out.loss, XENT_F64, 1);
  views.row_loss = xent_make_vector(out.row_loss.data(), XENT_F64, kRows);
  views.lse = xent_make_vector(out.lse.data(), XENT_F64, kRows);
  views.log_prob = xent_make_vector(out.log_prob.data(), XENT_F64, kRows);
  views.entropy = xent_make_vector(out.entropy.data(), XENT_F64, kRows);
  views.argmax = xent_make_indices(out.argmax.data(), XENT_I64, kRows);
  views.grad = c_matrix(out.grad);
  views.valid_count = &out.valid;
  views.divisor = &out.divisor;
  views.top_k = 2;
  const xent_const_matrix logits = c_matrix(in.logits);
  const xent_loss_options options = c_options(in, soft);
  const xent_upstream upstream = c_upstream(in);
  if (soft) {
    views.grad_targets = c_matrix(out.grad_targets);
    const xent_const_matrix targets = c_matrix(in.soft);
    EXPECT_EQ(xent_cross_entropy_soft(&logits, &targets, &views, &options, &upstream, nullptr), XENT_OK)
        << xent_last_error();
  } else {
    views.target_rank = xent_make_indices(out.rank.data(), XENT_I64, kRows);
    views.correct_count = &out.correct;
    views.top_k_count = &out.top_k;
    const xent_labels labels = xent_make_labels(in.labels.data(), XENT_I32, kRows);
    EXPECT_EQ(xent_cross_entropy(&logits, &labels, &views, &options, &upstream, nullptr), XENT_OK)
        << xent_last_error();
  }
  return out;
}

TEST(CApiFamily, EveryOptionAndOutputWithLabels) {
  const Inputs in;
  const Outputs cpp = through_cpp(in, false);
  EXPECT_TRUE(through_c(in, false) == cpp);
  EXPECT_EQ(cpp.valid, 3);
  EXPECT_EQ(cpp.divisor, 3.0);
  EXPECT_NE(cpp.loss, -7.0);
}

TEST(CApiFamily, EveryOptionAndOutputWithSoftTargets) {
  const Inputs in;
  const Outputs cpp = through_cpp(in, true);
  EXPECT_TRUE(through_c(in, true) == cpp);
  EXPECT_NE(cpp.grad_targets[0], -7.0);
}

TEST(CApiFamily, BackwardWithSoftTargets) {
  const Inputs in;
  const Outputs forward = through_cpp(in, true);
  std::vector<double> cpp(kRows * kClasses), cpp_targets(kRows * kClasses), c(kRows * kClasses),
      c_targets(kRows * kClasses);
  xent::cross_entropy_backward(
      xent::matrix(in.logits.data(), kRows, kClasses), xent::matrix(in.soft.data(), kRows, kClasses),
      xent::vector(forward.lse.data(), kRows),
      {xent::matrix(cpp.data(), kRows, kClasses), xent::matrix(cpp_targets.data(), kRows, kClasses)},
      cpp_options(in, true), cpp_upstream(in));
  const xent_const_matrix logits = c_matrix(in.logits), targets = c_matrix(in.soft);
  const xent_const_vector lse = xent_make_const_vector(forward.lse.data(), XENT_F64, kRows);
  const xent_matrix grad = c_matrix(c), grad_targets = c_matrix(c_targets);
  const xent_loss_options options = c_options(in, true);
  const xent_upstream upstream = c_upstream(in);
  ASSERT_EQ(xent_cross_entropy_soft_backward(&logits, &targets, &lse, &grad, &grad_targets, &options,
                                             &upstream, nullptr),
            XENT_OK)
      << xent_last_error();
  EXPECT_EQ(c, cpp);
  EXPECT_EQ(c_targets, cpp_targets);
  EXPECT_EQ(xent_cross_entropy_soft_backward(&logits, &targets, &lse, nullptr, nullptr, &options, &upstream,
                                             nullptr),
            XENT_INVALID_ARGUMENT);
}

TEST(CApiFamily, Entropy) {
  const Inputs in;
  std::array<double, kRows> cpp{}, c{};
  std::vector<double> cpp_grad(kRows * kClasses), c_grad(kRows * kClasses);
  const xent::Upstream above{.entropy = xent::vector(in.of_entropy.data(), kRows)};
  xent::entropy(xent::matrix(in.logits.data(), kRows, kClasses), xent::vector(cpp.data(), kRows),
                xent::matrix(cpp_grad.data(), kRows, kClasses), {.temperature = 2.0}, above);
  const xent_const_matrix logits = c_matrix(in.logits);
  const xent_vector entropy = xent_make_vector(c.data(), XENT_F64, kRows);
  const xent_matrix grad = c_matrix(c_grad);
  xent_loss_options options = XENT_LOSS_OPTIONS_INIT;
  options.temperature = 2.0;
  xent_upstream upstream = XENT_UPSTREAM_INIT;
  upstream.entropy = xent_make_const_vector(in.of_entropy.data(), XENT_F32, kRows);
  ASSERT_EQ(xent_entropy(&logits, &entropy, &grad, &options, &upstream, nullptr), XENT_OK)
      << xent_last_error();
  EXPECT_EQ(c, cpp);
  EXPECT_EQ(c_grad, cpp_grad);
  ASSERT_EQ(xent_entropy(&logits, &entropy, nullptr, nullptr, nullptr, nullptr), XENT_OK)
      << xent_last_error();
  upstream.values = upstream.entropy;
  EXPECT_EQ(xent_entropy(&logits, &entropy, &grad, &options, &upstream, nullptr), XENT_INVALID_ARGUMENT);
  EXPECT_NE(std::string_view(xent_last_error()).find("upstream.values"), std::string_view::npos);
  options.z_loss = 0.1;
  EXPECT_EQ(xent_entropy(&logits, &entropy, &grad, &options, nullptr, nullptr), XENT_INVALID_ARGUMENT);
  EXPECT_NE(std::string_view(xent_last_error()).find("an option of a loss"), std::string_view::npos);
}

}  // namespace
