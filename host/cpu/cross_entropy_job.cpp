#include "host/cpu/cross_entropy_job.hpp"

namespace xent::cpu {
namespace {

/// What a vector holds for the first classes, times `factor`, packed as the row loops want it.
template <class C>
const C* pack(const ConstVectorView& values, std::int64_t classes, double factor, Scratch& memory) {
  C* packed = memory.get<C>(static_cast<std::size_t>(classes));
  for (std::int64_t c = 0; c < classes; ++c) packed[c] = static_cast<C>(factor * load(values, c));
  return packed;
}

const void* pack_for(DType dtype, const ConstVectorView& values, std::int64_t classes, double factor,
                     Scratch& memory) {
  if (dtype == DType::f64) return pack<double>(values, classes, factor, memory);
  return pack<float>(values, classes, factor, memory);
}

double sum_of(const CrossEntropyJob& job) {
  if (job.weights == nullptr) return static_cast<double>(job.classes());
  double sum = 0.0;
  for (std::int64_t c = 0; c < job.classes(); ++c) sum += job.label_weight(c);
  return sum;
}

CpuTransform transform_of(const LogitTransform& given, DType dtype, std::int64_t classes, Scratch& memory) {
  CpuTransform transform;
  transform.slope = given.logit_scale / given.temperature;
  transform.capped = given.softcap > 0.0;
  transform.made = transform.capped || given.bias.given();
  const double unit = transform.capped ? given.softcap : given.temperature;
  transform.of_logit = given.logit_scale / unit;
  transform.scale = transform.capped ? given.softcap / given.temperature : transform.slope;
  if (transform.made && !transform.capped) transform.scale = 1.0;
  if (dtype != DType::f64) transform.scale = static_cast<double>(static_cast<float>(transform.scale));
  if (given.bias.given()) transform.bias = pack_for(dtype, given.bias, classes, 1.0 / unit, memory);
  return transform;
}

}  // namespace

CrossEntropyJob make_job(const ConstMatrixView& logits, const TargetView& target, const LossOptions& options,
                         const Upstream& upstream, double divisor, const plan::CpuPlan& plan) {
  thread_local Scratch packed_bias;
  thread_local Scratch packed_weights;
  CrossEntropyJob job{.logits = logits,
                      .target = target,
                      .options = options,
                      .upstream = upstream,
                      .divisor = divisor,
                      .streaming_stores = plan.streaming_stores};
  const std::int64_t valid = options.transform.valid_classes;
  if (valid != 0) job.logits.layout.classes = valid;
  if (valid == logits.layout.classes) job.options.transform.valid_classes = 0;  // off, in other words
  if (job.soft()) job.target.probs.layout.classes = job.classes();
  job.transform = transform_of(options.transform, logits.dtype, job.classes(), packed_bias);
  if (options.class_weights.given() && (job.soft() || job.smoothed())) {
    job.weights = pack_for(logits.dtype, options.class_weights, job.classes(), 1.0, packed_weights);
  }
  if (job.smoothed()) job.weight_sum = sum_of(job);
  return job;
}

}  // namespace xent::cpu
