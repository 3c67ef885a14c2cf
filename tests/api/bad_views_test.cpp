// Views that describe no memory, or not the memory the call needs.
#include "tests/api/rejects.hpp"

namespace xent {
namespace {

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();

TEST(BadViews, NullData) {
  Call logits;
  logits.logits.data = nullptr;
  logits.expect_rejected({"logits", "null"});
  Call labels;
  labels.labels.data = nullptr;
  labels.expect_rejected({"labels", "null"});
  Call loss;
  loss.outputs.loss.data = nullptr;
  loss.expect_rejected({"outputs.loss", "null"});
  Call lse;
  lse.outputs.lse.data = nullptr;
  lse.expect_rejected({"outputs.lse", "null"});
  Call grad;
  grad.outputs.grad.data = nullptr;
  grad.expect_rejected({"grad", "null"});
}

TEST(BadViews, ClassesAndRows) {
  for (const std::int64_t classes : {0LL, -3LL}) {
    Call call;
    call.logits.layout.classes = classes;
    call.expect_rejected({"logits", "classes is " + std::to_string(classes), "1 or more"});
  }
  Call rows;
  rows.logits.layout.outer = -1;
  rows.expect_rejected({"logits", "outer is -1"});
  Call inner;
  inner.logits.layout.inner = -2;
  inner.expect_rejected({"logits", "inner is -2"});
}

TEST(BadViews, ZeroRowsAreLegal) {
  float loss = -1.0F;
  std::int64_t valid = -1;
  cross_entropy(ConstMatrixView{nullptr, DType::f32, row_major(0, 5)}, LabelView{},
                {.loss = vector(&loss, 1), .valid_count = &valid});
  EXPECT_EQ(loss, 0.0F);
  EXPECT_EQ(valid, 0);
  cross_entropy(ConstMatrixView{nullptr, DType::f32, row_major(0, 5)}, LabelView{}, {},
                {.reduction = Reduction::none});
  softmax(ConstMatrixView{nullptr, DType::f32, row_major(0, 5)},
          MatrixView{nullptr, DType::f32, row_major(0, 5)});
}

TEST(BadViews, SizesThatDisagree) {
  Call labels;
  labels.labels.size = 5;
  labels.expect_rejected({"labels", "size is 5", "4"});
  Call loss;
  loss.outputs.loss.size = 1;
  loss.expect_rejected({"outputs.loss", "size is 1", "4"});
  Call argmax;
  argmax.outputs.argmax.size = 3;
  argmax.expect_rejected({"outputs.argmax", "size is 3"});
  Call grad;
  grad.outputs.grad.layout = row_major(3, 4);
  grad.expect_rejected({"grad", "3 × 4", "4 × 3"});
}

TEST(BadViews, Dtypes) {
  Call grad;
  grad.outputs.grad.dtype = DType::bf16;
  grad.expect_rejected({"grad", "bf16", "f32"});
  Call loss;
  loss.outputs.loss.dtype = DType::f16;
  loss.expect_rejected({"outputs.loss", "f16", "f32 or f64"});
  Call logits;
  logits.logits.dtype = static_cast<DType>(17);
  logits.expect_rejected({"logits", "dtype is 17"});
  Call labels;
  labels.labels.type = static_cast<LabelType>(17);
  labels.expect_rejected({"labels", "type is 17"});
}

TEST(BadViews, ArgmaxTooNarrowForTheClasses) {
  std::vector<float> logits(300);
  const std::uint8_t label = 0;
  std::uint8_t argmax = 77;
  for (const std::int64_t valid : {0, 300, 256}) {
    EXPECT_THROW(cross_entropy(matrix(logits.data(), 1, 300), labels(&label, 1),
                               {.argmax = indices(&argmax, 1)}, {.transform = {.valid_classes = valid}}),
                 InvalidArgument);
  }
  EXPECT_EQ(argmax, 77);
}

TEST(BadViews, ArgmaxOfSoManyClassesAsPartialsDoNotTell) {
  const RowPartial merged{};
  std::uint8_t argmax = 77;
  try {
    cross_entropy_from_partials({&merged, 1}, {}, {.argmax = indices(&argmax, 1)});
    ADD_FAILURE() << "accepted";
  } catch (const InvalidArgument& error) {
    EXPECT_STREQ(error.what(),
                 "outputs.argmax: type is u8; allowed: i32 or i64: partials do not tell how many classes "
                 "there are");
  }
  EXPECT_EQ(argmax, 77);
}

TEST(BadViews, Strides) {
  Call negative;
  negative.logits.layout.outer_stride = -3;
  negative.expect_rejected({"logits", "outer's stride is -3"});
  Call folded;  // rows of 3 every 2 elements write over each other
  folded.outputs.grad.layout.outer_stride = 2;
  folded.expect_rejected({"grad", "several elements at one address"});
  Call broadcast;  // reading one row four times is fine
  broadcast.logits.layout.outer_stride = 0;
  EXPECT_NO_THROW(broadcast.run());
  EXPECT_EQ(broadcast.lse_data[0], broadcast.lse_data[3]);
  Call one_address;
  one_address.outputs.loss.stride = 0;
  one_address.expect_rejected({"outputs.loss", "stride is 0"});
}

TEST(BadViews, ExtentsBeyondTheAddressSpace) {
  Call rows;
  rows.logits.layout.outer = kHuge / 2;
  rows.expect_rejected({"logits", "address space"});
  Call stride;
  stride.logits.layout.outer_stride = kHuge / 3;
  stride.expect_rejected({"logits", "address space"});
  Call labels;
  labels.labels.stride = kHuge / 3;
  labels.expect_rejected({"labels", "address space"});
}

TEST(BadViews, MisalignedData) {
  Call call;
  call.logits.data = reinterpret_cast<const char*>(call.logits_data.data()) + 1;
  call.expect_rejected({"logits", "aligned"});
}

TEST(BadViews, SoftmaxFamily) {
  std::vector<float> a(6);
  std::vector<float> b(6);
  std::vector<double> d(6);
  const auto in = matrix(static_cast<const float*>(a.data()), 2, 3);
  EXPECT_THROW(softmax(in, matrix(b.data(), 3, 2)), InvalidArgument);
  EXPECT_THROW(softmax(in, matrix(d.data(), 2, 3)), InvalidArgument);
  EXPECT_THROW(log_softmax({nullptr, DType::f32, row_major(2, 3)}, matrix(b.data(), 2, 3)), InvalidArgument);
  EXPECT_THROW(softmax_backward(in, matrix(d.data(), 2, 3), matrix(b.data(), 2, 3)), InvalidArgument);
  EXPECT_THROW(log_softmax_backward(in, in, matrix(b.data(), 2, 2)), InvalidArgument);
  EXPECT_THROW(softmax(in, matrix(b.data(), 2, 3), {.device = Device::cuda}), Unsupported);
}

}  // namespace
}  // namespace xent
