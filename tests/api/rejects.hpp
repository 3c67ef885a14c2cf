// What every refusal must be: a typed error whose text names the argument, the value and what is
// allowed, with no output touched.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include <xent/xent.hpp>

namespace xent {

/// A valid call to break: 4 rows of 3 classes, every output present and filled with a mark.
struct Call {
  static constexpr std::int64_t kRows = 4;
  static constexpr std::int64_t kClasses = 3;
  static constexpr float kMark = -77.0F;

  std::vector<float> logits_data{1, 2, 3, 4, 5, 6, 7, 8, 9, 1, 0, 1};
  std::vector<std::int32_t> labels_data{0, 1, 2, 0};
  std::vector<float> loss_data = std::vector<float>(kRows, kMark);
  std::vector<float> lse_data = std::vector<float>(kRows, kMark);
  std::vector<float> grad_data = std::vector<float>(kRows * kClasses, kMark);
  std::vector<std::int32_t> argmax_data = std::vector<std::int32_t>(kRows, -77);
  std::vector<float> upstream_data = std::vector<float>(kRows, 1.0F);
  std::int64_t correct = -77;
  std::int64_t valid = -77;

  ConstMatrixView logits = matrix(static_cast<const float*>(logits_data.data()), kRows, kClasses);
  LabelView labels = xent::labels(labels_data.data(), kRows);
  CrossEntropyOutputs outputs{.loss = vector(loss_data.data(), kRows),
                              .lse = vector(lse_data.data(), kRows),
                              .argmax = indices(argmax_data.data(), kRows),
                              .grad = matrix(grad_data.data(), kRows, kClasses),
                              .correct_count = &correct,
                              .valid_count = &valid};
  LossOptions options{.reduction = Reduction::none};
  Upstream upstream{};
  Exec exec{};

  void run() { cross_entropy(logits, labels, outputs, options, upstream, exec); }

  void expect_outputs_untouched() const {
    EXPECT_THAT(loss_data, testing::Each(kMark));
    EXPECT_THAT(lse_data, testing::Each(kMark));
    EXPECT_THAT(grad_data, testing::Each(kMark));
    EXPECT_THAT(argmax_data, testing::Each(-77));
    EXPECT_EQ(correct, -77);
    EXPECT_EQ(valid, -77);
  }

  /// The call throws Expected with all of these in its text, on every device, and writes nothing.
  template <class Expected = InvalidArgument>
  void expect_rejected(const std::vector<std::string>& words) {
    for (const Device device : {Device::cpu, Device::reference}) {
      if (exec.device != Device::cuda) exec.device = device;
      try {
        run();
        ADD_FAILURE() << "accepted; expected a refusal naming " << words.front();
      } catch (const Expected& error) {
        for (const std::string& word : words) EXPECT_THAT(error.what(), testing::HasSubstr(word));
      }
      expect_outputs_untouched();
    }
  }
};

}  // namespace xent
