// Memory shared between views: refused unless it is one matrix in place, or columns that lie apart.
#include "host/api/overlap.hpp"

#include "tests/api/rejects.hpp"

namespace xent {
namespace {

TEST(Overlap, InPlaceIsTheVerySameView) {
  Call call;
  call.outputs.grad = matrix(call.logits_data.data(), 4, 3);
  EXPECT_NO_THROW(call.run());
  Call shifted;
  shifted.logits_data.resize(13);
  shifted.logits.data = shifted.logits_data.data();
  shifted.outputs.grad = matrix(shifted.logits_data.data() + 1, 4, 3);
  shifted.expect_rejected({"grad", "shares memory with logits"});
  Call other_stride;
  other_stride.logits_data.resize(16);
  other_stride.logits.data = other_stride.logits_data.data();
  other_stride.outputs.grad = matrix(other_stride.logits_data.data(), row_major(4, 3, 4));
  other_stride.expect_rejected({"grad", "shares memory with logits"});
}

TEST(Overlap, OutputsKeepClearOfInputsAndOfEachOther) {
  Call lse_on_logits;
  lse_on_logits.outputs.lse.data = lse_on_logits.logits_data.data() + 2;
  lse_on_logits.expect_rejected({"outputs.lse", "shares memory with logits"});
  Call loss_on_lse;
  loss_on_lse.outputs.loss.data = loss_on_lse.lse_data.data();
  loss_on_lse.expect_rejected({"outputs.loss", "shares memory with outputs.lse"});
  Call argmax_on_labels;
  argmax_on_labels.outputs.argmax.data = argmax_on_labels.labels_data.data();
  argmax_on_labels.expect_rejected({"outputs.argmax", "shares memory with labels"});
  Call one_counter;
  one_counter.outputs.valid_count = &one_counter.correct;
  one_counter.expect_rejected({"correct_count", "valid_count"});
  Call loss_in_place_of_grad;
  loss_in_place_of_grad.outputs.grad = matrix(loss_in_place_of_grad.logits_data.data(), 4, 3);
  loss_in_place_of_grad.outputs.loss.data = loss_in_place_of_grad.logits_data.data();
  loss_in_place_of_grad.expect_rejected({"outputs.loss"});
}

TEST(Overlap, ColumnsOfOneBufferMayLieSideBySide) {
  std::vector<float> buffer(4 * 8, 1.0F);
  const auto left = matrix(buffer.data(), row_major(4, 3, 8));
  EXPECT_NO_THROW(softmax(left, matrix(buffer.data() + 3, row_major(4, 3, 8))));
  EXPECT_NO_THROW(softmax(left, matrix(buffer.data() + 5, row_major(4, 3, 8))));
  EXPECT_NO_THROW(softmax(matrix(buffer.data() + 5, row_major(4, 3, 8)), left));
  EXPECT_THROW(softmax(left, matrix(buffer.data() + 2, row_major(4, 3, 8))), InvalidArgument);
  EXPECT_THROW(softmax(left, matrix(buffer.data() + 6, row_major(3, 3, 8))), InvalidArgument);
}

TEST(Overlap, InterleavedVectorsCountAsShared) {
  std::vector<float> pairs(8, Call::kMark);
  Call call;
  call.outputs.loss = vector(pairs.data(), 4, 2);
  call.outputs.lse = vector(pairs.data() + 1, 4, 2);
  call.expect_rejected({"outputs.loss", "shares memory with outputs.lse"});
}

TEST(Overlap, BackwardInPlaceOfEitherInput) {
  std::vector<float> probs{0.25F, 0.75F};
  std::vector<float> upstream{1.0F, 3.0F};
  const auto p = matrix(probs.data(), 1, 2);
  const auto g = matrix(upstream.data(), 1, 2);
  softmax_backward(p, g, g);
  EXPECT_FLOAT_EQ(upstream[0], 0.25F * (1.0F - 2.5F));
  EXPECT_FLOAT_EQ(upstream[1], 0.75F * (3.0F - 2.5F));
}

TEST(Footprint, RowsOfOnePitchAreComparedByColumn) {
  const api::Footprint a{"a", 1000, 1000 + 3 * 64 + 16, 64, 16};
  api::Footprint b = a;
  const auto at = [&](std::uintptr_t begin, std::uint64_t width) {
    b.begin = begin;
    b.width = width;
    b.end = begin + 3 * 64 + width;
    return api::may_share_memory(a, b) && api::may_share_memory(b, a);
  };
  EXPECT_TRUE(at(1000, 16));
  EXPECT_TRUE(at(1015, 16));
  EXPECT_FALSE(at(1016, 48));
  EXPECT_TRUE(at(1016, 49));
  EXPECT_FALSE(at(1016 + 64, 48));
  EXPECT_FALSE(at(952, 48));
  EXPECT_TRUE(at(953, 48));
  b.pitch = 0;
  EXPECT_TRUE(at(1016, 16)) << "without a common pitch, spans that meet count as shared";
}

}  // namespace
}  // namespace xent
