// A build without CUDA. host/api refuses Device::cuda with the reason below, so nothing else is ever called.
#include <stdexcept>
#include <string>

#include "host/cuda/backend.hpp"

namespace xent::cuda {
namespace {

[[noreturn]] void absent() { throw std::logic_error("a CUDA function of a build without CUDA was called"); }

}  // namespace

std::string unavailable() { return "this build has no CUDA backend"; }

void softmax(const ConstMatrixView&, const MatrixView&, bool, const Exec&) { absent(); }
void softmax_backward(const ConstMatrixView&, const ConstMatrixView&, const MatrixView&, bool, const Exec&) {
  absent();
}
void cross_entropy(const ConstMatrixView&, const TargetView&, const CrossEntropyOutputs&, const LossOptions&,
                   const Upstream&, const Exec&) {
  absent();
}
void cross_entropy_backward(const ConstMatrixView&, const TargetView&, const ConstVectorView&,
                            const CrossEntropyGrads&, const LossOptions&, const Upstream&, const Exec&) {
  absent();
}
void cross_entropy_partials(const ConstMatrixView&, const TargetView&, const Shard&, std::span<RowPartial>,
                            const LossOptions&, const Exec&) {
  absent();
}
void merge_partials(std::span<const RowPartial>, std::span<RowPartial>, const Exec&) { absent(); }
void cross_entropy_from_partials(std::span<const RowPartial>, const TargetView&, const CrossEntropyOutputs&,
                                 const LossOptions&, const Exec&) {
  absent();
}
void cross_entropy_shard_backward(const ConstMatrixView&, const TargetView&, const Shard&,
                                  std::span<const RowPartial>, const CrossEntropyGrads&, const LossOptions&,
                                  const Upstream&, const Exec&) {
  absent();
}
void nll(const ConstMatrixView&, const LabelView&, const NllOutputs&, const LossOptions&, const Exec&) {
  absent();
}
void nll_backward(const LabelView&, const MatrixView&, const LossOptions&, const Upstream&, const Exec&) {
  absent();
}
void binary_cross_entropy(const ConstMatrixView&, const ConstMatrixView&, const BinaryCrossEntropyOutputs&,
                          const BinaryCrossEntropyOptions&, const BinaryCrossEntropyUpstream&, const Exec&) {
  absent();
}
void kl_divergence(const ConstMatrixView&, const ConstMatrixView&, const DivergenceOutputs&,
                   const DivergenceOptions&, const Upstream&, const Exec&) {
  absent();
}
void js_divergence(const ConstMatrixView&, const ConstMatrixView&, const DivergenceOutputs&,
                   const DivergenceOptions&, const Upstream&, const Exec&) {
  absent();
}
void check_labels(const Exec&) { absent(); }

}  // namespace xent::cuda
