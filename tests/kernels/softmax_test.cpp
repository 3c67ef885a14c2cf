// The softmax kernels under the emulation, in every mapping of rows to threads, against the reference.
#include "kernels/softmax/backward.cuh"
#include "kernels/softmax/forward.cuh"
#include "tests/conformance/judge.hpp"
#include "tests/kernels/mappings.hpp"
#include "tests/simt/options.hpp"

namespace xent::testing {
namespace {

void softmax(const ConstMatrixView& logits, const MatrixView& result, bool log, const Mapping& mapping) {
  const gpu::SoftmaxArguments arguments{.logits = logits,
                                        .result = result,
                                        .log = log,
                                        .tile = gpu::tile_of(mapping.tile_columns, size_of(logits.dtype))};
  dispatch(logits.dtype, mapping, [&]<class T, int kTeam>(T, std::integral_constant<int, kTeam>) {
    gpu::launch(launch_config<T, kTeam>(mapping), gpu::softmax_kernel<T, kTeam, kBlock>, arguments);
  });
}

void softmax_backward(const ConstMatrixView& saved, const ConstMatrixView& upstream, const MatrixView& grad,
                      bool log, const Mapping& mapping) {
  const gpu::SoftmaxBackwardArguments arguments{
      .saved = saved,
      .upstream = upstream,
      .grad = grad,
      .log = log,
      .tile = gpu::tile_of(mapping.tile_columns, size_of(saved.dtype))};
  dispatch(saved.dtype, mapping, [&]<class T, int kTeam>(T, std::integral_constant<int, kTeam>) {
    gpu::launch(launch_config<T, kTeam>(mapping, 2), gpu::softmax_backward_kernel<T, kTeam, kBlock>,
                arguments);
  });
}

using SoftmaxKernels = KernelTest;

TEST_P(SoftmaxKernels, ForwardAndBackwardAgreeWithTheReference) {
  simt::for_each_schedule(2, [] {
    std::uint64_t seed = 0;
    for (const std::int64_t classes : {1, 2, 3, 7, 10, 31, 32, 33, 100, 1023, 1025, 5001}) {
      if (!suits(classes)) continue;
      const std::int64_t rows = classes <= 128 ? 12 : 3;
      for (const bool log : {false, true}) {
        const Arrangement arrangement = kArrangements[++seed % std::size(kArrangements)];
        const SoftmaxOp op = log ? SoftmaxOp::log_softmax : SoftmaxOp::softmax;
        Rng rng(seed);
        MatrixBuffer logits(dtype(), arrangement, rows, classes);
        MatrixBuffer upstream(dtype(), kArrangements[seed % 3], rows, classes);
        MatrixBuffer saved(dtype(), arrangement, rows, classes);
        MatrixBuffer grad(dtype(), kArrangements[(seed + 2) % 3], rows, classes);
        fill_logits(logits, rng);
        fill_gradients(upstream, rng);
        softmax(logits.view(), saved.view(), log, mapping());
        ASSERT_TRUE(judge_softmax(op, logits, saved)) << classes << " classes, seed " << seed;
        softmax_backward(saved.view(), upstream.view(), grad.view(), log, mapping());
        ASSERT_TRUE(judge_softmax_backward(op, saved, upstream, grad))
            << classes << " classes, seed " << seed;
      }
    }
  });
}

TEST_P(SoftmaxKernels, InPlace) {
  const std::int64_t classes = std::min<std::int64_t>(3 * mapping().tile_columns - 1, 1025);
  for (const bool log : {false, true}) {
    Rng rng(9);
    MatrixBuffer logits(dtype(), Arrangement::misaligned, 4, classes);
    MatrixBuffer apart(dtype(), Arrangement::misaligned, 4, classes);
    fill_logits(logits, rng);
    softmax(logits.view(), apart.view(), log, mapping());
    softmax(logits.view(), logits.view(), log, mapping());
    for (std::int64_t r = 0; r < 4; ++r) {
      for (std::int64_t c = 0; c < classes; ++c)
        ASSERT_EQ(logits.get(r, c), apart.get(r, c)) << r << ' ' << c;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, SoftmaxKernels, every_mapping_and_dtype(), kernel_test_name);

}  // namespace
}  // namespace xent::testing
