// The softmax kernels under the emulation, in every mapping of rows to threads, against the reference.
#include "kernels/softmax/backward.cuh"
#include "kernels/softmax/forward.cuh"
#include "tests/conformance/judge.hpp"
#include "tests/kernels/mappings.hpp"
#include "tests/simt/options.hpp"

namespace xent::testing {
namespace {

void softmax(const ConstMatrixView& logits, const MatrixView& result, bool log, const Mapping& mapping) {
  gpu::SoftmaxArguments arguments{.logits = logits, .result = result, .log = log};
  dispatch(logits.dtype, mapping, [&]<class T, int kTeam>(T, std::integral_constant<int, kTeam>) {
    arguments.tile = tile_of<T>(mapping);
    gpu::launch(launch_config<T, kTeam>(mapping), gpu::softmax_kernel<T, kTeam, kBlock>, arguments);
  });
}

void softmax_backward(const ConstMatrixView& saved, const ConstMatrixView& upstream, const MatrixView& grad,
                      bool log, const Mapping& mapping) {
  gpu::SoftmaxBackwardArguments arguments{.saved = saved, .upstream = upstream, .grad = grad, .log = log};
  dispatch(saved.dtype, mapping, [&]<class T, int kTeam>(T, std::integral_constant<int, kTeam>) {
    arguments.tile = tile_of<T>(mapping);
    gpu::launch(launch_config<T, kTeam>(mapping, 2), gpu::softmax_backward_kernel<T, kTeam, kBlock>,
                arguments);
  });
}

using SoftmaxKernels = KernelTest;

/// A result that lies between 16-byte boundaries as its logits do is stored in other steps than one that does
/// not, row by row: of the same bits, whatever the distance.
TEST_P(SoftmaxKernels, ResultsMayLieOtherwiseThanLogits) {
  const std::int64_t classes = std::min<std::int64_t>(mapping().tile_columns, 1000) - 1;
  const auto pitched = [&](std::int64_t pitch) {
    Layout layout = row_major(6, classes);
    layout.outer_stride = pitch;
    return layout;
  };
  Rng rng(4);
  MatrixBuffer logits(dtype(), pitched(classes + 1), 1);
  MatrixBuffer packed(dtype(), row_major(6, classes));
  fill_logits(logits, rng);
  softmax(logits.view(), packed.view(), false, mapping());
  for (std::int64_t off = 0; off < 9; ++off) {
    MatrixBuffer result(dtype(), pitched(classes + 3), off);
    softmax(logits.view(), result.view(), false, mapping());
    for (std::int64_t r = 0; r < 6; ++r) ASSERT_EQ(result.row_bits(r), packed.row_bits(r)) << off << ' ' << r;
    ASSERT_TRUE(result.gaps_untouched());
  }
}

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
    MatrixBuffer logits(dtype(), Arrangement::misaligned, 7, classes);
    MatrixBuffer apart(dtype(), Arrangement::misaligned, 7, classes);
    fill_logits(logits, rng);
    softmax(logits.view(), apart.view(), log, mapping());
    softmax(logits.view(), logits.view(), log, mapping());
    for (std::int64_t r = 0; r < 7; ++r) ASSERT_EQ(logits.row_bits(r), apart.row_bits(r)) << r;
  }
}

using SoftmaxBulkFills = KernelTest;

/// The engine moves the same bytes as the threads do.
TEST_P(SoftmaxBulkFills, ChangeNoBit) {
  Mapping by_threads = mapping();
  by_threads.bulk = false;
  simt::for_each_schedule(1, [&] {
    const std::int64_t tile = mapping().tile_columns * mapping().cluster;
    for (const std::int64_t classes : {std::int64_t{1}, std::int64_t{7}, tile - 1, tile, 3 * tile + 5}) {
      for (const Arrangement arrangement : {Arrangement::packed, Arrangement::misaligned}) {
        Rng rng(static_cast<std::uint64_t>(classes));
        MatrixBuffer logits(dtype(), arrangement, 7, classes);
        MatrixBuffer result(dtype(), arrangement, 7, classes);
        MatrixBuffer want(dtype(), arrangement, 7, classes);
        fill_logits(logits, rng);
        softmax(logits.view(), result.view(), true, mapping());
        softmax(logits.view(), want.view(), true, by_threads);
        for (std::int64_t r = 0; r < 7; ++r) ASSERT_EQ(result.row_bits(r), want.row_bits(r)) << classes;
        softmax_backward(want.view(), logits.view(), result.view(), true, mapping());
        softmax_backward(want.view(), logits.view(), want.view(), true, by_threads);
        for (std::int64_t r = 0; r < 7; ++r) ASSERT_EQ(result.row_bits(r), want.row_bits(r)) << classes;
      }
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Every, SoftmaxKernels, every_mapping_and_dtype(), kernel_test_name);
INSTANTIATE_TEST_SUITE_P(Every, SoftmaxBulkFills, every_bulk_mapping_and_dtype(), kernel_test_name);

}  // namespace
}  // namespace xent::testing
