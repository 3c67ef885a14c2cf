// Softmax and log-softmax, forward and backward, of every shape and arrangement, against the reference.
#include <cstring>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/judge.hpp"
#include "tests/conformance/problem.hpp"

namespace xent::testing {
namespace {

constexpr SoftmaxOp kOps[] = {SoftmaxOp::softmax, SoftmaxOp::log_softmax};

void forward(SoftmaxOp op, const ConstMatrixView& in, const MatrixView& out, const Exec& exec) {
  (op == SoftmaxOp::log_softmax ? log_softmax : softmax)(in, out, exec);
}

void backward(SoftmaxOp op, const ConstMatrixView& saved, const ConstMatrixView& upstream,
              const MatrixView& out, const Exec& exec) {
  (op == SoftmaxOp::log_softmax ? log_softmax_backward : softmax_backward)(saved, upstream, out, exec);
}

/// Same type, layout and alignment, nothing written yet.
MatrixBuffer like(const MatrixBuffer& matrix, Arrangement arrangement) {
  return {matrix.dtype, arrangement, matrix.layout.rows(), matrix.layout.classes};
}

bool same_bits(const MatrixBuffer& a, const MatrixBuffer& b) {
  for (std::int64_t r = 0; r < a.layout.rows(); ++r) {
    if (a.row_bits(r) != b.row_bits(r)) return false;
  }
  return true;
}

struct SoftmaxProblem {
  SoftmaxProblem(DType dtype, Arrangement arrangement_, std::int64_t classes, std::uint64_t seed)
      : arrangement(arrangement_),
        logits(dtype, arrangement, rows_for(classes), classes),
        upstream(dtype, arrangement, rows_for(classes), classes) {
    Rng rng(seed);
    fill_logits(logits, rng);
    fill_gradients(upstream, rng);
  }
  std::string describe() const {
    return std::string(name(logits.dtype)) + ", " + std::to_string(logits.layout.classes) + " classes, " +
           name(arrangement);
  }

  Arrangement arrangement;
  MatrixBuffer logits;
  MatrixBuffer upstream;
};

void check_op(SoftmaxOp op, const SoftmaxProblem& problem, const Exec& exec) {
  const std::vector<std::byte> logits = problem.logits.bytes.copy();
  const std::vector<std::byte> upstream = problem.upstream.bytes.copy();
  MatrixBuffer out = like(problem.logits, problem.arrangement);
  forward(op, problem.logits.view(), out.view(), exec);
  EXPECT_TRUE(judge_softmax(op, problem.logits, out)) << problem.describe();
  EXPECT_TRUE(problem.logits.bytes.copy() == logits) << "logits were written";

  const std::vector<std::byte> saved = out.bytes.copy();
  MatrixBuffer grad = like(problem.logits, problem.arrangement);
  backward(op, out.view(), problem.upstream.view(), grad.view(), exec);
  EXPECT_TRUE(judge_softmax_backward(op, out, problem.upstream, grad)) << problem.describe();
  EXPECT_TRUE(out.bytes.copy() == saved) << "saved output was written";
  EXPECT_TRUE(problem.upstream.bytes.copy() == upstream) << "upstream was written";

  // In place over the upstream, over the saved output, and forward over the logits.
  MatrixBuffer over_upstream = like(problem.upstream, problem.arrangement);
  std::memcpy(over_upstream.bytes.data(), upstream.data(), upstream.size());
  backward(op, out.view(), over_upstream.view(), over_upstream.view(), exec);
  EXPECT_TRUE(same_bits(over_upstream, grad)) << "in place over the upstream, " << problem.describe();
  MatrixBuffer over_logits = like(problem.logits, problem.arrangement);
  std::memcpy(over_logits.bytes.data(), logits.data(), logits.size());
  forward(op, over_logits.view(), over_logits.view(), exec);
  EXPECT_TRUE(same_bits(over_logits, out)) << "in place over the logits, " << problem.describe();
  backward(op, over_logits.view(), problem.upstream.view(), over_logits.view(), exec);
  EXPECT_TRUE(same_bits(over_logits, grad)) << "in place over the saved output, " << problem.describe();
}

using SoftmaxConformance = Conformance;

TEST_P(SoftmaxConformance, ForwardAndBackward) {
  std::uint64_t seed = 100;
  for (const std::int64_t classes : kClassCounts) {
    for (const Arrangement arrangement : kArrangements) {
      const SoftmaxProblem problem(dtype(), arrangement, classes, ++seed);
      for (const SoftmaxOp op : kOps) check_op(op, problem, exec());
      if (HasFailure()) return;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, SoftmaxConformance,
                         ::testing::Combine(::testing::ValuesIn(main_backends()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
