// The bits of a row depend on that row and the options alone: not on threads, grids or schedules, the batch,
// the row's place in it, alignment or strides.
#include <functional>
#include <numeric>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/problem.hpp"

namespace xent::testing {
namespace {

/// Rows posed in some order and arrangement, and the bits that came out of every function.
struct Placement {
  std::vector<std::int64_t> rows;  ///< which of the source's rows, in order
  Arrangement arrangement = Arrangement::packed;
};

struct RowBits {
  std::uint64_t loss = 0;
  std::uint64_t lse = 0;
  std::int64_t argmax = 0;
  std::vector<std::vector<std::uint64_t>> matrices{};
  bool operator==(const RowBits&) const = default;
};

MatrixBuffer place(const MatrixBuffer& source, const Placement& placement) {
  MatrixBuffer out(source.dtype, placement.arrangement, std::ssize(placement.rows), source.layout.classes);
  for (std::int64_t i = 0; i < std::ssize(placement.rows); ++i) {
    const std::vector<double> row = source.row(placement.rows[static_cast<std::size_t>(i)]);
    for (std::int64_t c = 0; c < std::ssize(row); ++c) out.set(i, c, row[static_cast<std::size_t>(c)]);
  }
  return out;
}

/// Loss, lse, argmax and all matrices of the placed rows: gradient in one call and from lse, softmax,
/// log-softmax and their backwards.
std::vector<RowBits> bits_of(const LossProblem& source, const Placement& placement, const Exec& exec) {
  const std::int64_t rows = std::ssize(placement.rows);
  const MatrixBuffer logits = place(source.logits, placement);
  IndexBuffer labels(LabelType::i64, rows);
  VectorBuffer upstream(DType::f32, rows);
  for (std::int64_t i = 0; i < rows; ++i) {
    labels.set(i, source.labels.get(placement.rows[static_cast<std::size_t>(i)]));
    upstream.set(i, source.upstream_values.get(placement.rows[static_cast<std::size_t>(i)]));
  }
  VectorBuffer loss(DType::f64, rows);
  VectorBuffer lse(DType::f32, rows);
  IndexBuffer argmax(LabelType::i64, rows);
  std::vector<MatrixBuffer> out;
  for (int i = 0; i < 6; ++i)
    out.emplace_back(logits.dtype, placement.arrangement, rows, logits.layout.classes);
  const Upstream g{.scale = source.scale, .values = std::as_const(upstream).view()};
  cross_entropy(logits.view(), labels.labels(),
                {.loss = loss.view(), .lse = lse.view(), .argmax = argmax.view(), .grad = out[0].view()},
                source.options, g, exec);
  cross_entropy_backward(logits.view(), labels.labels(), lse.view(), out[1].view(), source.options, g, exec);
  softmax(logits.view(), out[2].view(), exec);
  log_softmax(logits.view(), out[3].view(), exec);
  softmax_backward(out[2].view(), logits.view(), out[4].view(), exec);
  log_softmax_backward(out[3].view(), out[2].view(), out[5].view(), exec);
  std::vector<RowBits> bits(static_cast<std::size_t>(rows));
  for (std::int64_t i = 0; i < rows; ++i) {
    RowBits& row = bits[static_cast<std::size_t>(i)];
    row = {.loss = loss.bits(i), .lse = lse.bits(i), .argmax = argmax.get(i)};
    for (const MatrixBuffer& matrix : out) row.matrices.push_back(matrix.row_bits(i));
  }
  return bits;
}

using Determinism = Conformance;

/// Calls body(problem, all rows in order) for every class count.
void for_each_problem(DType dtype, const std::function<void(const LossProblem&, const Placement&)>& body) {
  std::uint64_t seed = 900;
  for (const std::int64_t classes : kClassCounts) {
    for (const double smoothing : {0.0, 0.1}) {
      if (classes > 2048 && smoothing > 0.0) continue;
      const LossSetting setting{.name = "determinism",
                                .options = {.reduction = Reduction::none, .label_smoothing = smoothing},
                                .per_row_upstream = true};
      const Shape shape{rows_for(classes), classes};
      const LossProblem problem(setting, dtype, LabelType::i64, Arrangement::packed, shape, ++seed);
      Placement in_order;
      in_order.rows.resize(static_cast<std::size_t>(shape.rows));
      std::iota(in_order.rows.begin(), in_order.rows.end(), 0);
      body(problem, in_order);
      if (::testing::Test::HasFailure()) return;
    }
  }
}

TEST_P(Determinism, AnotherRunChangesNothing) {
  for_each_problem(dtype(), [this](const LossProblem& problem, const Placement& placement) {
    const auto bits = bits_of(problem, placement, exec());
    for (int variant = 1; variant < kVariants; ++variant) {
      const Running running(backend(), variant);
      EXPECT_TRUE(bits_of(problem, placement, running.exec()) == bits)
          << problem.describe() << ", variant " << variant;
    }
  });
}

TEST_P(Determinism, ArrangementAndAlignmentChangeNothing) {
  for_each_problem(dtype(), [this](const LossProblem& problem, Placement placement) {
    const auto bits = bits_of(problem, placement, exec());
    for (const Arrangement arrangement : kArrangements) {
      placement.arrangement = arrangement;
      EXPECT_TRUE(bits_of(problem, placement, exec()) == bits)
          << problem.describe() << " as " << name(arrangement);
    }
  });
}

TEST_P(Determinism, ARowAloneIsTheRowInABatch) {
  for_each_problem(dtype(), [this](const LossProblem& problem, const Placement& placement) {
    const auto bits = bits_of(problem, placement, exec());
    for (const std::int64_t r : placement.rows) {
      const auto alone = bits_of(problem, {.rows = {r}}, exec());
      ASSERT_TRUE(alone[0] == bits[static_cast<std::size_t>(r)]) << problem.describe() << ", row " << r;
    }
  });
}

TEST_P(Determinism, PermutingRowsPermutesBits) {
  for_each_problem(dtype(), [this](const LossProblem& problem, Placement placement) {
    const auto bits = bits_of(problem, placement, exec());
    Rng rng(problem.seed);
    for (std::size_t i = placement.rows.size(); i > 1; --i) {
      std::swap(placement.rows[i - 1],
                placement.rows[static_cast<std::size_t>(rng.below(std::ssize(placement.rows)))]);
    }
    const auto permuted = bits_of(problem, placement, exec());
    for (std::size_t i = 0; i < permuted.size(); ++i) {
      ASSERT_TRUE(permuted[i] == bits[static_cast<std::size_t>(placement.rows[i])]) << problem.describe();
    }
  });
}

/// Enough rows that the sum is shared out: its order must be fixed by the row count alone.
TEST_P(Determinism, ReducedLossesAreTheSameInEveryRun) {
  for (const std::int64_t rows : {1, 7, 1000, 20000}) {
    for (const Reduction reduction : {Reduction::sum, Reduction::mean}) {
      const LossSetting setting{.name = "reduced", .options = {.reduction = reduction}, .ignore = true};
      const LossProblem problem(setting, dtype(), LabelType::i32, Arrangement::packed, {rows, 5}, 77);
      const auto losses = [&](int variant) {
        const Running running(backend(), variant);
        VectorBuffer loss(DType::f64, 1);
        VectorBuffer nll_loss(DType::f64, 1);
        cross_entropy(problem.logits.view(), problem.labels.labels(), {.loss = loss.view()}, problem.options,
                      {}, running.exec());
        nll(problem.logits.view(), problem.labels.labels(), {.loss = nll_loss.view()}, problem.options,
            running.exec());
        return std::pair(loss.bits(0), nll_loss.bits(0));
      };
      const auto once = losses(0);
      for (int variant = 1; variant < kVariants; ++variant)
        EXPECT_EQ(losses(variant), once) << rows << " rows";
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, Determinism,
                         ::testing::Combine(::testing::ValuesIn(main_backends()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
