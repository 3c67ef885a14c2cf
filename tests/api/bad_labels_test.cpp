// Labels out of range: the first such row is named, whatever the label type, and nothing is written.
#include "tests/api/rejects.hpp"

namespace xent {
namespace {

TEST(BadLabels, NamesRowValueAndRange) {
  Call call;
  call.labels_data = {0, 1, 3, -5};
  call.expect_rejected<LabelError>({"row 2", "holds 3", "0 to 2"});
  call.labels_data = {0, -1, 3, 9};
  call.expect_rejected<LabelError>({"row 1", "holds -1"});
}

TEST(BadLabels, TheErrorCarriesThemAsNumbers) {
  Call call;
  call.labels_data = {0, 1, 2, 7};
  try {
    call.run();
    FAIL();
  } catch (const LabelError& error) {
    EXPECT_EQ(error.row(), 3);
    EXPECT_EQ(error.value(), 7);
    EXPECT_EQ(error.classes(), 3);
  }
}

TEST(BadLabels, ExtremesOfEveryType) {
  Call call;
  const std::vector<std::uint8_t> bytes{0, 255, 1, 2};
  call.labels = labels(bytes.data(), 4);
  call.expect_rejected<LabelError>({"row 1", "255"});
  const std::vector<std::int64_t> wide{0, 1, std::numeric_limits<std::int64_t>::min(), 2};
  call.labels = labels(wide.data(), 4);
  call.expect_rejected<LabelError>({"row 2", "-9223372036854775808"});
  const std::vector<std::int64_t> beyond_32_bits{0, std::int64_t{1} << 32U, 0, 0};
  call.labels = labels(beyond_32_bits.data(), 4);
  call.expect_rejected<LabelError>({"row 1", "4294967296"});
}

TEST(BadLabels, OnlyTheIgnoredValueIsExcused) {
  Call call;
  call.options.ignore_index = -100;
  call.labels_data = {-100, 1, -99, 0};
  call.expect_rejected<LabelError>({"row 2", "-99"});
  call.labels_data = {-100, 1, -100, 0};
  EXPECT_NO_THROW(call.run());
  EXPECT_EQ(call.valid, 2);
  EXPECT_EQ(call.argmax_data[0], -1);
}

TEST(BadLabels, TheFirstOfManyIsNamedWhenThreadsShareTheSearch) {
  constexpr std::int64_t kRows = 300000;
  std::vector<float> logits(kRows * 2, 0.0F);
  std::vector<std::int64_t> many(kRows, 1);
  for (const std::int64_t row : {299999LL, 150000LL, 70000LL}) many[static_cast<std::size_t>(row)] = 2;
  float loss = 0.0F;
  try {
    cross_entropy(matrix(logits.data(), kRows, 2), labels(many.data(), kRows), {.loss = vector(&loss, 1)});
    FAIL();
  } catch (const LabelError& error) {
    EXPECT_EQ(error.row(), 70000);
  }
}

TEST(BadLabels, EveryFunctionThatTakesLabelsChecksThem) {
  Call call;
  call.labels_data[1] = 3;
  const auto grad = call.outputs.grad;
  EXPECT_THROW(nll(call.logits, call.labels, {.loss = call.outputs.loss}, call.options), LabelError);
  EXPECT_THROW(nll_backward(call.labels, grad, call.options), LabelError);
  EXPECT_THROW(cross_entropy_backward(call.logits, call.labels, call.outputs.lse, grad, call.options),
               LabelError);
  call.expect_outputs_untouched();
}

}  // namespace
}  // namespace xent
