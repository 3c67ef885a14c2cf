// Options, targets and outputs of the whole cross-entropy family that make no sense.
#include "tests/api/rejects.hpp"

namespace xent {
namespace {

const double kNan = std::numeric_limits<double>::quiet_NaN();
const double kInf = std::numeric_limits<double>::infinity();

/// A valid call with soft targets to break.
struct SoftCall {
  Call call{};
  std::vector<float> targets_data = std::vector<float>(Call::kRows * Call::kClasses, 0.25F);
  std::vector<float> grad_targets_data = std::vector<float>(Call::kRows * Call::kClasses, Call::kMark);
  ConstMatrixView targets =
      matrix(static_cast<const float*>(targets_data.data()), Call::kRows, Call::kClasses);

  SoftCall() {
    call.outputs.correct_count = nullptr;
    call.outputs.grad_targets = matrix(grad_targets_data.data(), Call::kRows, Call::kClasses);
  }
  void expect_rejected(const std::vector<std::string>& words) {
    for (const Device device : {Device::cpu, Device::reference}) {
      try {
        cross_entropy(call.logits, targets, call.outputs, call.options, call.upstream, {.device = device});
        ADD_FAILURE() << "accepted; expected a refusal naming " << words.front();
      } catch (const InvalidArgument& error) {
        for (const std::string& word : words) EXPECT_THAT(error.what(), testing::HasSubstr(word));
      }
      call.expect_outputs_untouched();
      EXPECT_THAT(grad_targets_data, testing::Each(Call::kMark));
    }
  }
};

TEST(BadFamily, NumbersThatMustNotBeNegative) {
  for (const double value : {-0.5, kNan, kInf}) {
    Call gamma;
    gamma.options.focal_gamma = value;
    gamma.expect_rejected({"options.focal_gamma", "finite, 0 or more"});
    Call z_loss;
    z_loss.options.z_loss = value;
    z_loss.expect_rejected({"options.z_loss", "finite, 0 or more"});
    Call softcap;
    softcap.options.transform.softcap = value;
    softcap.expect_rejected({"options.transform.softcap", "finite, 0 or more"});
  }
  Call named;
  named.options.focal_gamma = -2.5;
  named.expect_rejected({"-2.5"});
}

TEST(BadFamily, NumbersThatMustBePositive) {
  for (const double value : {0.0, -1.0, kNan, kInf}) {
    Call scale;
    scale.options.transform.logit_scale = value;
    scale.expect_rejected({"options.transform.logit_scale", "finite and above 0"});
    Call temperature;
    temperature.options.transform.temperature = value;
    temperature.expect_rejected({"options.transform.temperature", "finite and above 0"});
  }
}

TEST(BadFamily, NumbersThatLeaveTheRangeOfTheLogits) {
  const auto refused = [](auto change, const std::vector<std::string>& words) {
    Call bad;
    change(bad.options);
    bad.expect_rejected(words);
  };
  refused([](LossOptions& o) { o.focal_gamma = 1e-46; }, {"options.focal_gamma", "1e-46", "1.17549e-38 to"});
  refused([](LossOptions& o) { o.focal_gamma = 1e39; }, {"options.focal_gamma", "1e+39", "to 3.40282e+38"});
  refused([](LossOptions& o) { o.z_loss = 1e39; }, {"options.z_loss", "1e+39"});
  refused([](LossOptions& o) { o.transform.logit_scale = 1e39; }, {"options.transform.logit_scale", "1e+39"});
  refused([](LossOptions& o) { o.transform.temperature = 1e39; }, {"options.transform.temperature", "1e-39"});
  refused([](LossOptions& o) { o.transform = {.logit_scale = 1e20, .temperature = 1e-20}; },
          {"options.transform.temperature", "1e+40"});
  refused([](LossOptions& o) { o.transform = {.logit_scale = 1e-20, .softcap = 1e20}; },
          {"options.transform.softcap", "1e-40"});
  refused([](LossOptions& o) { o.transform = {.temperature = 1e-20, .softcap = 1e20}; },
          {"options.transform.softcap", "1e+40"});
  refused([](LossOptions& o) { o.transform.softcap = 1e-39; }, {"options.transform.softcap", "1e+39"});
}

TEST(BadFamily, VectorsPerClass) {
  const std::vector<float> two(2, 1.0F);
  Call weights;
  weights.options.class_weights = vector(two.data(), 2);
  weights.expect_rejected({"options.class_weights", "size is 2", "3"});
  Call bias;
  bias.options.transform.bias = vector(two.data(), 2);
  bias.expect_rejected({"options.transform.bias", "size is 2", "3"});
  Call null;
  null.options.class_weights = vector(static_cast<const float*>(nullptr), 3);
  null.expect_rejected({"options.class_weights", "null"});
  Call half;
  half.options.transform.bias = {two.data(), DType::f16, 3};
  half.expect_rejected({"options.transform.bias", "f16", "f32 or f64"});
}

TEST(BadFamily, ValidClasses) {
  for (const std::int64_t classes : {-1, 4}) {
    Call call;
    call.options.transform.valid_classes = classes;
    call.expect_rejected(
        {"options.transform.valid_classes", "is " + std::to_string(classes), "0 (all) to 3"});
  }
  Call label;  // whose labels are 0, 1, 2, 0
  label.options.transform.valid_classes = 2;
  label.expect_rejected<LabelError>({"row 2", "holds 2", "0 to 1"});
}

TEST(BadFamily, Denominators) {
  const std::vector<float> two(2, 1.0F);
  const auto mean_call = [](const LossOptions& options) {
    Call call;
    call.options = options;
    call.options.reduction = Reduction::mean;
    call.outputs.loss.size = 1;
    return call;
  };
  mean_call({.denominator = 2.0, .denominator_at = vector(two.data(), 1)})
      .expect_rejected({"options.denominator_at", "options.denominator", "one of the two"});
  mean_call({.denominator_at = vector(two.data(), 2)})
      .expect_rejected({"options.denominator_at", "size is 2", "1"});
  for (const float value :
       {-1.0F, std::numeric_limits<float>::quiet_NaN(), std::numeric_limits<float>::infinity()}) {
    mean_call({.denominator_at = vector(&value, 1)})
        .expect_rejected({"options.denominator_at", "holds", "0 (an empty mean) or more"});
  }
  Call none;
  none.options.denominator_at = vector(two.data(), 1);
  none.expect_rejected({"options.denominator_at", "mean"});
}

TEST(BadFamily, Enumerations) {
  Call call;
  call.options.mean_over = static_cast<MeanOver>(7);
  call.expect_rejected({"options.mean_over", "is 7", "weights or valid_rows"});
}

TEST(BadFamily, UpstreamOfOtherOutputs) {
  const std::vector<float> some(4, 1.0F);
  Call lse;
  lse.upstream.lse = vector(some.data(), 1);
  lse.expect_rejected({"upstream.lse", "size is 1", "4"});
  Call log_prob;
  log_prob.upstream.log_prob = vector(some.data(), 3);
  log_prob.expect_rejected({"upstream.log_prob", "size is 3", "4"});
  Call entropy;
  entropy.upstream.entropy = {some.data(), DType::bf16, 4};
  entropy.expect_rejected({"upstream.entropy", "bf16", "f32 or f64"});
}

TEST(BadFamily, SoftTargetsOfAnotherShapeOrType) {
  SoftCall shape;
  shape.targets.layout = row_major(3, 4);
  shape.expect_rejected({"targets", "3 × 4", "4 × 3", "logits"});
  SoftCall type;
  type.targets.dtype = DType::f16;
  type.expect_rejected({"targets", "f16", "f32", "logits"});
  SoftCall null;
  null.targets.data = nullptr;
  null.expect_rejected({"targets", "null"});
  SoftCall grad;
  grad.call.outputs.grad_targets.layout = row_major(3, 4);
  grad.expect_rejected({"grad_targets", "3 × 4", "4 × 3", "targets"});
  SoftCall grad_type;
  grad_type.call.outputs.grad_targets.dtype = DType::bf16;
  grad_type.expect_rejected({"grad_targets", "bf16", "f32"});
}

TEST(BadFamily, WhatNeedsLabels) {
  SoftCall ignore;
  ignore.call.options.ignore_index = -100;
  ignore.expect_rejected({"options.ignore_index", "without labels"});
  std::int64_t count = -77;
  SoftCall correct;
  correct.call.outputs.correct_count = &count;
  correct.expect_rejected({"outputs.correct_count", "labels"});
  SoftCall top_k;
  top_k.call.outputs.top_k_count = &count;
  top_k.expect_rejected({"outputs.top_k_count", "labels"});
  std::vector<std::int32_t> rank(4, -77);
  SoftCall target_rank;
  target_rank.call.outputs.target_rank = indices(rank.data(), 4);
  target_rank.expect_rejected({"outputs.target_rank", "labels"});
  EXPECT_THAT(rank, testing::Each(-77));
  EXPECT_EQ(count, -77);
  std::vector<float> grad(12, Call::kMark);
  Call labels;
  labels.outputs.grad_targets = matrix(grad.data(), 4, 3);
  labels.expect_rejected({"grad_targets", "without soft targets"});
  EXPECT_THAT(grad, testing::Each(Call::kMark));
}

TEST(BadFamily, WhatNeedsATarget) {
  const std::vector<float> four(4, 1.0F);
  std::vector<float> out(4, Call::kMark);
  const auto rejected = [&](const CrossEntropyOutputs& outputs, const LossOptions& options,
                            const Upstream& upstream, const std::string& argument) {
    Call call;
    for (const Device device : {Device::cpu, Device::reference}) {
      try {
        cross_entropy(call.logits, {}, outputs, options, upstream, {.device = device});
        ADD_FAILURE() << "accepted; expected a refusal naming " << argument;
      } catch (const InvalidArgument& error) {
        EXPECT_THAT(error.what(), testing::HasSubstr(argument));
      }
    }
    EXPECT_THAT(out, testing::Each(Call::kMark));
  };
  const CrossEntropyOutputs lse{.lse = vector(out.data(), 4)};
  rejected(lse, {.ignore_index = 1}, {}, "options.ignore_index");
  rejected(lse, {.label_smoothing = 0.1}, {}, "options.label_smoothing");
  rejected(lse, {.focal_gamma = 1.0}, {}, "options.focal_gamma");
  rejected(lse, {.class_weights = vector(four.data(), 3)}, {}, "options.class_weights");
  rejected(lse, {}, {.log_prob = vector(four.data(), 4)}, "upstream.log_prob");
  rejected({.log_prob = vector(out.data(), 4)}, {}, {}, "outputs.log_prob");
}

TEST(BadFamily, TopK) {
  Call call;
  std::int64_t hits = -77;
  call.outputs.top_k_count = &hits;
  call.outputs.top_k = 0;
  call.expect_rejected({"outputs.top_k", "is 0", "1 or more"});
  EXPECT_EQ(hits, -77);
}

TEST(BadFamily, OutputsOnInputs) {
  Call on_weights;
  on_weights.options.class_weights = vector(on_weights.upstream_data.data(), 3);
  on_weights.outputs.row_loss = vector(on_weights.upstream_data.data(), 4);
  on_weights.expect_rejected({"outputs.row_loss", "options.class_weights"});
  Call on_bias;
  on_bias.options.transform.bias = vector(on_bias.upstream_data.data(), 3);
  on_bias.outputs.entropy = vector(on_bias.upstream_data.data(), 4);
  on_bias.expect_rejected({"outputs.entropy", "options.transform.bias"});
  Call on_upstream;
  on_upstream.upstream.entropy = vector(on_upstream.upstream_data.data(), 4);
  on_upstream.outputs.log_prob = vector(on_upstream.upstream_data.data(), 4);
  on_upstream.expect_rejected({"outputs.log_prob", "upstream.entropy"});
  Call rank_on_argmax;
  rank_on_argmax.outputs.target_rank = rank_on_argmax.outputs.argmax;
  rank_on_argmax.expect_rejected({"outputs.argmax", "outputs.target_rank"});
  SoftCall crossed;  // each gradient over the other's matrix
  crossed.call.outputs.grad_targets = matrix(crossed.call.logits_data.data(), Call::kRows, Call::kClasses);
  crossed.expect_rejected({"grad_targets", "logits"});
  SoftCall same;
  same.call.outputs.grad_targets = same.call.outputs.grad;
  same.expect_rejected({"grad", "grad_targets"});
}

TEST(BadFamily, BackwardWithoutAGradient) {
  Call call;
  EXPECT_THROW(cross_entropy_backward(call.logits, call.labels, call.outputs.lse, {}, call.options),
               InvalidArgument);
  EXPECT_THROW(cross_entropy_backward(call.logits, call.labels, vector(call.lse_data.data(), 3),
                                      call.outputs.grad, call.options),
               InvalidArgument);
  call.expect_outputs_untouched();
}

TEST(BadFamily, NllHasNoSoftmax) {
  const std::vector<float> three(3, 1.0F);
  const std::pair<const char*, LossOptions> cases[] = {
      {"options.focal_gamma", {.focal_gamma = 1.0}},
      {"options.z_loss", {.z_loss = 1.0}},
      {"options.transform.logit_scale", {.transform = {.logit_scale = 2.0}}},
      {"options.transform.temperature", {.transform = {.temperature = 2.0}}},
      {"options.transform.softcap", {.transform = {.softcap = 2.0}}},
      {"options.transform.bias", {.transform = {.bias = vector(three.data(), 3)}}},
      {"options.transform.valid_classes", {.transform = {.valid_classes = 2}}},
  };
  for (const auto& [argument, options] : cases) {
    Call call;
    LossOptions each = options;
    each.reduction = Reduction::none;
    try {
      nll(call.logits, call.labels, {.loss = call.outputs.loss}, each);
      ADD_FAILURE() << "accepted " << argument;
    } catch (const InvalidArgument& error) {
      EXPECT_THAT(error.what(), testing::HasSubstr(argument));
    }
    EXPECT_THROW(nll_backward(call.labels, call.outputs.grad, each), InvalidArgument);
    call.expect_outputs_untouched();
  }
}

}  // namespace
}  // namespace xent
