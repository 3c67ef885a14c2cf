// Labels out of range on a device: no call fails, no memory is touched that is not the call's, and check()
// tells the first of them.
#include <cmath>

#include "host/cuda/runtime.hpp"

#include "tests/conformance/backend.hpp"
#include "tests/conformance/problem.hpp"

namespace xent::testing {
namespace {

/// Every byte of the workspace.
void fill_workspace(const Exec& exec, unsigned char value) {
  const std::vector<unsigned char> bytes(exec.workspace.bytes, value);
  cuda::copy(exec.workspace.data, bytes.data(), bytes.size(), exec.stream);
  cuda::wait(exec.stream);
}

class DeviceLabels : public Conformance {
 protected:
  void TearDown() override { EXPECT_NO_THROW(check(exec())) << "check() clears the report"; }

  static LossProblem problem(std::int64_t classes, LabelType type = LabelType::i64) {
    const LossSetting setting{.options = {.reduction = Reduction::none, .ignore_index = -100}};
    LossProblem posed(setting, dtype(), type, Arrangement::padded, {9, classes}, 3);
    posed.labels.set(2, -100);
    return posed;
  }

  void expect_label_error(std::int64_t row, std::int64_t value, std::int64_t classes) {
    try {
      check(exec());
      ADD_FAILURE() << "check() found nothing";
    } catch (const LabelError& error) {
      EXPECT_EQ(error.row(), row);
      EXPECT_EQ(error.value(), value);
      EXPECT_EQ(error.classes(), classes);
    }
  }
};

TEST_P(DeviceLabels, TheRowIsNanAndItsGradientZero) {
  for (const std::int64_t classes : {5, 200, 3000, 9000}) {
    LossProblem posed = problem(classes);
    posed.labels.set(4, classes);
    posed.labels.set(6, -1);
    posed.labels.set(8, std::int64_t{1} << 40);
    LossOutputs got(posed);
    cross_entropy(posed.logits.view(), posed.labels.labels(), got.views(), posed.options, {}, exec());
    for (std::int64_t r = 0; r < 9; ++r) {
      const bool bad = r == 4 || r == 6 || r == 8;
      EXPECT_EQ(std::isnan(got.loss.get(r)), bad) << r;
      EXPECT_EQ(std::isnan(got.lse.get(r)), bad) << r;
      double sum = 0.0;
      for (std::int64_t c = 0; c < classes; ++c) sum += std::abs(got.grad.get(r, c));
      EXPECT_EQ(sum == 0.0, bad || r == 2) << r;
    }
    EXPECT_EQ(got.valid, 8) << "a row with a bad label is not an ignored one";
    expect_label_error(4, classes, classes);
  }
}

TEST_P(DeviceLabels, EveryLossReportsThem) {
  const std::int64_t classes = 7;
  LossProblem posed = problem(classes, LabelType::i32);
  posed.labels.set(5, 99);
  LossOutputs got(posed);
  for (std::int64_t r = 0; r < 9; ++r) got.lse.set(r, 1.0);
  const LabelView labels = posed.labels.labels();
  cross_entropy_backward(posed.logits.view(), labels, std::as_const(got.lse).view(), got.grad.view(),
                         posed.options, {}, exec());
  expect_label_error(5, 99, classes);
  nll(posed.logits.view(), labels, {.loss = got.loss.view()}, posed.options, exec());
  EXPECT_TRUE(std::isnan(got.loss.get(5)));
  expect_label_error(5, 99, classes);
  nll_backward(labels, got.grad.view(), posed.options, {}, exec());
  expect_label_error(5, 99, classes);
}

TEST_P(DeviceLabels, TheFirstRowOfAllCallsIsKept) {
  LossProblem posed = problem(6);
  LossOutputs got(posed);
  const auto run = [&](std::int64_t row, std::int64_t value) {
    const std::int64_t good = posed.labels.get(row);
    posed.labels.set(row, value);
    cross_entropy(posed.logits.view(), posed.labels.labels(), got.views(), posed.options, {}, exec());
    posed.labels.set(row, good);
  };
  run(7, 11);
  run(3, -12);
  run(5, 13);
  run(0, posed.labels.get(0));
  expect_label_error(3, -12, 6);
}

/// A caller's mistake must not become a kernel that never ends.
TEST_P(DeviceLabels, AWorkspaceThatWasNeverZeroedEnds) {
  LossProblem posed = problem(6);
  posed.labels.set(1, 6);
  LossOutputs got(posed);
  const Exec here = exec();
  fill_workspace(here, 0xFF);
  cross_entropy(posed.logits.view(), posed.labels.labels(), got.views(), posed.options, {}, here);
  EXPECT_TRUE(std::isnan(got.loss.get(1)));
  fill_workspace(here, 0);
}

TEST_P(DeviceLabels, TheReducedLossIsNan) {
  LossProblem posed = problem(10);
  posed.options.reduction = Reduction::mean;
  posed.labels.set(1, 10);
  VectorBuffer loss(DType::f32, 1);
  cross_entropy(posed.logits.view(), posed.labels.labels(), {.loss = loss.view()}, posed.options, {}, exec());
  EXPECT_TRUE(std::isnan(loss.get(0)));
  expect_label_error(1, 10, 10);
}

TEST_P(DeviceLabels, AWorkspaceIsAskedFor) {
  const LossProblem posed = problem(10);
  VectorBuffer loss(DType::f32, 9);
  const auto message = [&](const Workspace& workspace) -> std::string {
    Exec poor = exec();
    poor.workspace = workspace;
    try {
      cross_entropy(posed.logits.view(), posed.labels.labels(), {.loss = loss.view()}, posed.options, {},
                    poor);
    } catch (const InvalidArgument& error) {
      EXPECT_TRUE(loss.bytes.untouched());
      return error.what();
    }
    return "nothing was thrown";
  };
  const Workspace good = exec().workspace;
  const std::string needed = std::to_string(workspace_bytes(9)) + " bytes or more";
  EXPECT_EQ(message({}), "exec.workspace: data is null; allowed: " + needed +
                             " (see workspace_bytes) of zeroed device memory");
  EXPECT_EQ(message({good.data, 100}), "exec.workspace: bytes is 100; allowed: " + needed +
                                           " (see workspace_bytes) of zeroed device memory");
  EXPECT_EQ(message({static_cast<char*>(good.data) + 8, good.bytes - 8}),
            "exec.workspace: data is not aligned; allowed: a multiple of 64 bytes");
  EXPECT_EQ(message({good.data, workspace_bytes(9)}), "nothing was thrown");
}

TEST_P(DeviceLabels, TheWorkspaceIsNobodyElses) {
  LossProblem posed = problem(10);
  const Exec all = exec();
  auto* const inside = static_cast<std::int64_t*>(all.workspace.data) + 40;
  EXPECT_THROW(cross_entropy(posed.logits.view(), posed.labels.labels(), {.valid_count = inside},
                             posed.options, {}, all),
               InvalidArgument);
  LossOutputs got(posed);
  EXPECT_THROW(nll(posed.logits.view(), labels(inside, 9), {.loss = got.loss.view()}, posed.options, all),
               InvalidArgument);
  EXPECT_THROW(nll_backward(labels(inside, 9), got.grad.view(), posed.options, {}, all), InvalidArgument);
  EXPECT_THROW(cross_entropy_backward(posed.logits.view(), labels(inside, 9), std::as_const(got.lse).view(),
                                      got.grad.view(), posed.options, {}, all),
               InvalidArgument);
  EXPECT_TRUE(got.grad.bytes.untouched());
}

INSTANTIATE_TEST_SUITE_P(Every, DeviceLabels,
                         ::testing::Combine(::testing::ValuesIn(every_backend()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
