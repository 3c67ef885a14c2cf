// Options, upstream and execution that make no sense.
#include "tests/api/rejects.hpp"

namespace xent {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();

TEST(BadOptions, LabelSmoothing) {
  for (const double value : {-0.1, 1.1, kNan, kInf}) {
    Call call;
    call.options.label_smoothing = value;
    call.expect_rejected({"options.label_smoothing", "0 to 1"});
  }
  Call call;
  call.options.label_smoothing = 0.1;
  call.options.reduction = Reduction::sum;
  EXPECT_THROW(nll(call.logits, call.labels, {.loss = vector(call.loss_data.data(), 1)}, call.options),
               InvalidArgument);
}

TEST(BadOptions, Denominator) {
  for (const double value : {0.0, -2.0, kNan, kInf}) {
    Call call;
    call.options = {.reduction = Reduction::mean, .denominator = value};
    call.outputs.loss.size = 1;
    call.expect_rejected({"options.denominator", "finite and above 0"});
  }
  Call call;
  call.options.denominator = 4.0;
  call.expect_rejected({"options.denominator", "mean"});
}

TEST(BadOptions, ValuesOutsideTheEnumerations) {
  Call call;
  call.options.reduction = static_cast<Reduction>(9);
  call.expect_rejected({"options.reduction", "9"});
  call.options = {.reduction = Reduction::none, .empty_mean = static_cast<EmptyMean>(5)};
  call.expect_rejected({"options.empty_mean", "5"});
  Call other;
  other.exec.device = static_cast<Device>(200);
  EXPECT_THROW(other.run(), InvalidArgument);
  other.expect_outputs_untouched();
}

TEST(BadOptions, Upstream) {
  for (const double value : {kNan, kInf, -kInf}) {
    Call call;
    call.upstream.scale = value;
    call.expect_rejected({"upstream.scale", "finite"});
  }
  Call wrong_size;
  wrong_size.upstream.values = vector(wrong_size.upstream_data.data(), 3);
  wrong_size.expect_rejected({"upstream.values", "size is 3", "4"});

  Call reduced;
  reduced.options.reduction = Reduction::mean;
  reduced.outputs.loss.size = 1;
  reduced.upstream.values = vector(reduced.upstream_data.data(), 4);
  reduced.expect_rejected({"upstream.values", "one number"});

  Call half;
  half.upstream.values = {half.upstream_data.data(), DType::bf16, 4};
  half.expect_rejected({"upstream.values", "bf16", "f32 or f64"});
}

TEST(BadOptions, AnEntropyHasNoLoss) {
  Call call;
  call.upstream.values = vector(call.upstream_data.data(), 4);
  try {
    entropy(call.logits, call.outputs.lse, call.outputs.grad, {}, call.upstream);
    ADD_FAILURE() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_THAT(error.what(), testing::HasSubstr("upstream.values: is given; allowed: absent"));
    EXPECT_THAT(error.what(), testing::HasSubstr("upstream.entropy"));
  }
  call.expect_outputs_untouched();
}

TEST(BadOptions, ThreadsAndDevice) {
  Call call;
  call.exec.threads = -1;
  call.expect_rejected({"exec.threads", "-1"});
  call.exec.threads = 1025;
  call.expect_rejected({"exec.threads", "1025", "0 (all) to 1024"});
}

TEST(BadOptions, ACudaDeviceThatCannotBeUsed) {
  const std::string why = unavailable(Device::cuda);
  if (why.empty()) GTEST_SKIP() << "it can";
  Call call;
  call.exec.device = Device::cuda;
  call.expect_rejected<Unsupported>({"exec.device", why});
  EXPECT_THROW(check(call.exec), Unsupported);
}

TEST(BadOptions, CountsAtOddAddresses) {
  Call call;
  alignas(8) char bytes[16] = {};
  auto* const odd = reinterpret_cast<std::int64_t*>(bytes + 4);
  EXPECT_THROW(cross_entropy(call.logits, call.labels, {.correct_count = odd}), InvalidArgument);
  EXPECT_THROW(cross_entropy(call.logits, call.labels, {.valid_count = odd}), InvalidArgument);
  float loss = 0.0F;
  EXPECT_THROW(nll(call.logits, call.labels, {.loss = vector(&loss, 1), .valid_count = odd}),
               InvalidArgument);
}

TEST(BadOptions, RowsOfAWorkspace) {
  EXPECT_THROW(workspace_bytes(-1), InvalidArgument);
  EXPECT_THROW(workspace_bytes(std::int64_t{1} << 60), InvalidArgument);
  EXPECT_GE(workspace_bytes(1000), 8000U);
  EXPECT_LE(workspace_bytes(1 << 20), (8U << 20U) + 4096U);
  EXPECT_GE(workspace_bytes(0), 128U);
}

TEST(BadOptions, NothingAskedFor) {
  Call call;
  EXPECT_THROW(cross_entropy(call.logits, call.labels, {}), InvalidArgument);
}

}  // namespace
}  // namespace xent
