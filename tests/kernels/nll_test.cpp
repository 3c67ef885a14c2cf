// The NLL kernels under the emulation: one element a row, exactly.
#include <cmath>

#include "kernels/nll/nll.cuh"
#include "tests/conformance/problem.hpp"
#include "tests/kernels/mappings.hpp"

namespace xent::testing {
namespace {

using NllKernels = KernelTest;

TEST_P(NllKernels, TakeAndGiveOneElementOfEachRow) {
  for (const Arrangement arrangement : kArrangements) {
    for (const std::int64_t classes : {1, 5, 33, 1025}) {
      const LossSetting setting{
          .options = {.reduction = Reduction::none}, .ignore = true, .per_row_upstream = true, .scale = -1.5};
      LossProblem problem(setting, dtype(), LabelType::i32, arrangement, {12, classes}, 5);
      problem.labels.set(7, classes);
      problem.labels.set(9, -5);
      LossOutputs got(problem);
      gpu::LabelReport report{};
      gpu::CrossEntropyArguments arguments{.logits = problem.logits.view(),
                                           .labels = problem.labels.labels(),
                                           .grad = got.views().grad,
                                           .row_loss = got.views().loss,
                                           .bad_labels = &report,
                                           .has_ignore_index = true,
                                           .ignore_index = *problem.options.ignore_index,
                                           .upstream = problem.upstream(),
                                           .divisor = 2.0};
      dispatch(dtype(), mapping(), [&]<class T, int kTeam>(T, std::integral_constant<int, kTeam>) {
        gpu::launch({.grid = mapping().grid, .block = 32}, gpu::nll_kernel<T, 32>, arguments);
        EXPECT_EQ(report.count, 2U);
        gpu::launch(launch_config<T, kTeam>(mapping(), 0), gpu::nll_backward_kernel<T, kTeam, kBlock>,
                    arguments);
      });
      EXPECT_EQ(report.count, 4U);
      EXPECT_EQ(report.first_row, 7);
      EXPECT_EQ(report.first_value, classes);
      for (std::int64_t r = 0; r < 12; ++r) {
        const std::int64_t label = problem.labels.get(r);
        const bool bad = r == 7 || r == 9;
        const bool valid = !bad && label != *problem.options.ignore_index;
        const double loss = got.loss.get(r);
        EXPECT_TRUE(bad ? std::isnan(loss) : loss == (valid ? -problem.logits.get(r, label) : 0.0)) << r;
        for (std::int64_t c = 0; c < classes; ++c) {
          const bool here = valid && c == label;
          const double want = here ? -problem.scale * problem.upstream_values.get(r) / 2.0 : 0.0;
          EXPECT_NEAR(got.grad.get(r, c), want, std::fabs(want) * tolerance(dtype()).store * 1.01)
              << r << ' ' << c;
        }
      }
      ASSERT_FALSE(HasFailure()) << problem.describe();
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, NllKernels, every_mapping_and_dtype(), kernel_test_name);

}  // namespace
}  // namespace xent::testing
