// Divergences of every shape and arrangement against the reference; the same bits whatever is asked for and
// wherever it lies; digits where distributions agree or are sure; the edges.
#include <cmath>
#include <limits>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/divergence_problem.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Less than a vector, its edges, blocks of 2048 columns and theirs, a row of several.
constexpr std::int64_t kWidths[] = {1, 2, 10, 33, 127, 1025, 2049, 4500};

constexpr std::int64_t rows_of(std::int64_t classes) { return classes <= 128 ? 12 : 3; }

using DivergenceConformance = Conformance;

TEST_P(DivergenceConformance, AgreesWithTheReference) {
  std::uint64_t seed = 0;
  for (const std::int64_t classes : kWidths) {
    for (const Arrangement arrangement : kArrangements) {
      for (const DivergenceSetting& setting : divergence_settings()) {
        if (++seed % 5 != 0 && classes > 1000) continue;
        const DivergenceProblem problem(setting, dtype(), arrangement, {rows_of(classes), classes}, seed);
        DivergenceResults got(problem);
        problem.run(got.views(), exec());
        ASSERT_TRUE(judge_divergence(problem, got)) << problem.describe();
      }
    }
  }
}

TEST_P(DivergenceConformance, SubsetsAndInPlaceHaveTheBitsOfAll) {
  std::uint64_t seed = 70;
  for (const std::int64_t classes : {1, 10, 1025, 4500}) {
    for (const Arrangement arrangement :
         {Arrangement::packed, Arrangement::misaligned, Arrangement::spaced}) {
      const DivergenceSetting setting = divergence_settings()[++seed % divergence_settings().size()];
      DivergenceProblem problem(setting, dtype(), arrangement, {3, classes}, seed);
      DivergenceResults all(problem);
      problem.run(all.views(), exec());
      DivergenceResults alone(problem);
      problem.run({.loss = alone.loss.view()}, exec());
      problem.run({.grad_p = alone.grad_p.view()}, exec());
      problem.run({.grad_q = alone.grad_q.view()}, exec());
      EXPECT_EQ(alone.loss.bytes.copy(), all.loss.bytes.copy()) << problem.describe();
      EXPECT_EQ(alone.grad_p.bytes.copy(), all.grad_p.bytes.copy()) << problem.describe();
      EXPECT_EQ(alone.grad_q.bytes.copy(), all.grad_q.bytes.copy()) << problem.describe();

      DivergenceResults in_place(problem);
      problem.run({.loss = in_place.loss.view(),
                   .grad_p = problem.p_logits.view(),
                   .grad_q = problem.q_logits.view()},
                  exec());
      for (std::int64_t r = 0; r < 3; ++r) {
        ASSERT_TRUE(problem.p_logits.row_bits(r) == all.grad_p.row_bits(r)) << problem.describe();
        ASSERT_TRUE(problem.q_logits.row_bits(r) == all.grad_q.row_bits(r)) << problem.describe();
      }
      EXPECT_EQ(in_place.loss.bytes.copy(), all.loss.bytes.copy()) << problem.describe();
      EXPECT_TRUE(problem.p_logits.gaps_untouched() && problem.q_logits.gaps_untouched())
          << problem.describe();
    }
  }
}

/// Of threads, grids and schedules, of arrangement, alignment and the rows beside.
TEST_P(DivergenceConformance, NothingElseChangesABit) {
  for (const std::int64_t classes : {3, 100, 1025, 4500}) {
    for (const DivergenceSetting& setting : {divergence_settings()[1], divergence_settings()[4]}) {
      const std::int64_t rows = classes == 3 ? 2000 : rows_of(classes);
      const DivergenceProblem source(setting, dtype(), Arrangement::packed, {rows, classes}, 9);
      DivergenceResults once(source);
      source.run(once.views(), exec());
      const auto expect_same = [&](const DivergenceProblem& problem, const Exec& how) {
        DivergenceResults again(problem);
        problem.run(again.views(), how);
        EXPECT_EQ(again.loss.bytes.copy(), once.loss.bytes.copy()) << problem.describe();
        for (std::int64_t r = 0; r < rows; ++r) {
          ASSERT_TRUE(again.grad_p.row_bits(r) == once.grad_p.row_bits(r)) << problem.describe();
          ASSERT_TRUE(again.grad_q.row_bits(r) == once.grad_q.row_bits(r)) << problem.describe();
        }
      };
      for (int variant = 1; variant < kVariants; ++variant) {
        const Running running(backend(), variant);
        expect_same(source, running.exec());
      }
      if (rows < 2000) {
        for (const Arrangement arrangement :
             {Arrangement::misaligned, Arrangement::class_strided, Arrangement::spaced}) {
          expect_same(DivergenceProblem(setting, dtype(), arrangement, {rows, classes}, 9), exec());
        }
      }
      DivergenceProblem fewer(setting, dtype(), Arrangement::packed, {1, classes}, 9);
      for (std::int64_t c = 0; c < classes; ++c) {
        fewer.p_logits.set(0, c, source.p_logits.get(0, c));
        fewer.q_logits.set(0, c, source.q_logits.get(0, c));
      }
      fewer.upstream_values.set(0, source.upstream_values.get(0));
      DivergenceResults alone(fewer);
      fewer.run({.grad_q = alone.grad_q.view()}, exec());
      if (setting.denominator_at || setting.reduction == Reduction::none) {
        EXPECT_TRUE(alone.grad_q.row_bits(0) == once.grad_q.row_bits(0)) << "a row alone, " << classes;
      }
      if (HasFailure()) return;
    }
  }
}

struct OneRow {
  double loss = -1.0;
  std::vector<double> grad_p{};
  std::vector<double> grad_q{};
};

OneRow run_row(DivergenceOp op, DType dtype, const std::vector<double>& p, const std::vector<double>& q,
               const Exec& exec) {
  const DivergenceSetting setting{.op = op, .reduction = Reduction::none};
  DivergenceProblem problem(setting, dtype, Arrangement::packed, {1, std::ssize(p)}, 1);
  for (std::int64_t c = 0; c < std::ssize(p); ++c) {
    problem.p_logits.set(0, c, p[static_cast<std::size_t>(c)]);
    problem.q_logits.set(0, c, q[static_cast<std::size_t>(c)]);
  }
  DivergenceResults got(problem);
  problem.run(got.views(), exec);
  return {got.loss.get(0), got.grad_p.row(0), got.grad_q.row(0)};
}

/// Logits (0, 40) and (0, 42): both distributions are 1 and 1 in f32, and even in double nearly so.
TEST_P(DivergenceConformance, RowsThatAreSureKeepTheirDigits) {
  const OneRow kl = run_row(DivergenceOp::kl, dtype(), {0.0, 40.0}, {0.0, 42.0}, exec());
  const double p = std::exp(-40.0);
  const double q = std::exp(-42.0);
  const double relative = 4.0 * tolerance(dtype()).store + 120.0 * tolerance(dtype()).unit;
  const double step = tolerance(dtype()).step;
  const auto expect_near = [&](double got, double want) {
    EXPECT_NEAR(got, want, relative * std::abs(want) + step);
  };
  EXPECT_NEAR(kl.loss, q - p + 2.0 * p, 200.0 * tolerance(dtype()).unit * p);
  expect_near(kl.grad_q[0], q - p);
  expect_near(kl.grad_q[1], p - q);
  expect_near(kl.grad_p[0], 2.0 * p);
  expect_near(kl.grad_p[1], -2.0 * p);
}

/// p is sure and q is not: s - loss at p's class leaves only the digits that loss has below it.
TEST_P(DivergenceConformance, AClassThatOnlyPIsSureOf) {
  const double rest = std::exp(-12.0);
  const double others = rest / (1.0 + rest);
  const double loss = std::log(2.0) - std::log1p(rest) - 12.0 * others;
  const OneRow kl = run_row(DivergenceOp::kl, dtype(), {0.0, 12.0}, {0.0, 0.0}, exec());
  const double stored = 4.0 * tolerance(dtype()).store;
  const double unit = tolerance(dtype()).unit;
  const double grad = others * (1.0 - others) * 12.0;
  EXPECT_NEAR(kl.loss, loss, 40.0 * unit);
  EXPECT_NEAR(kl.grad_p[0], -grad, (stored + 60.0 * unit) * grad + tolerance(dtype()).step);
  EXPECT_NEAR(kl.grad_p[1], grad, stored * grad + 8.0 * unit + tolerance(dtype()).step);
  EXPECT_NEAR(kl.grad_q[1], others - 0.5, stored + 8.0 * unit);
}

/// Distributions δ apart have divergences of δ²: far below what p·log p itself is rounded to.
TEST_P(DivergenceConformance, NearlyEqualRowsKeepTheirDigits) {
  const double delta = dtype() == DType::f64 ? 0x1p-26 : dtype() == DType::f32 ? 0x1p-12 : 0x1p-6;
  const OneRow kl = run_row(DivergenceOp::kl, dtype(), {0.0, 0.0}, {0.0, delta}, exec());
  const OneRow js = run_row(DivergenceOp::js, dtype(), {0.0, 0.0}, {0.0, delta}, exec());
  const double relative = delta + 32.0 * tolerance(dtype()).unit / delta;
  EXPECT_NEAR(kl.loss, delta * delta / 8.0, relative * delta * delta / 8.0);
  EXPECT_NEAR(js.loss, delta * delta / 32.0, relative * delta * delta / 32.0);
  EXPECT_NEAR(kl.grad_q[1], delta / 4.0, relative * delta);
  const OneRow same = run_row(DivergenceOp::kl, dtype(), {0.5, -3.0, 2.0}, {0.5, -3.0, 2.0}, exec());
  EXPECT_EQ(same.loss, 0.0);
  EXPECT_EQ(same.grad_q, std::vector<double>(3, 0.0));
  EXPECT_EQ(same.grad_p, std::vector<double>(3, 0.0));
}

TEST_P(DivergenceConformance, SpecialValues) {
  const double huge = dtype() == DType::f16 ? 6e4 : dtype() == DType::f64 ? 1e300 : 1e38;
  const double tiny = dtype() == DType::f64 ? 1e-310 : 1e-40;
  const std::vector<std::vector<double>> rows = {
      {0.0, 1.0, -2.0, 0.5},      {0.0, -kInf, 1.0, 0.25},      {-kInf, -kInf, 3.0, 1.0},
      {-kInf, -kInf, -kInf, 0.0}, {-kInf, -kInf, -kInf, -kInf}, {kNan, 0.0, 0.0, 0.0},
      {0.0, kInf, 0.0, 0.0},      {kNan, -kInf, -kInf, -kInf},  {tiny, -tiny, 0.0, -0.0},
      {huge, huge, huge, huge},   {0.0, huge, 0.0, 0.0},        {-huge, -huge, -huge, 0.0}};
  const auto count = std::ssize(rows);
  for (const DivergenceOp op : kDivergences) {
    for (const double temperature : {1.0, 3.0}) {
      for (const Arrangement arrangement : {Arrangement::misaligned, Arrangement::spaced}) {
        const DivergenceSetting setting{
            .name = "special values", .op = op, .reduction = Reduction::none, .temperature = temperature};
        DivergenceProblem problem(setting, dtype(), arrangement, {count * count, 4}, 2);
        for (std::int64_t r = 0; r < count * count; ++r) {
          for (std::int64_t c = 0; c < 4; ++c) {
            problem.p_logits.set(r, c,
                                 rows[static_cast<std::size_t>(r / count)][static_cast<std::size_t>(c)]);
            problem.q_logits.set(r, c,
                                 rows[static_cast<std::size_t>(r % count)][static_cast<std::size_t>(c)]);
          }
        }
        DivergenceResults got(problem);
        problem.run(got.views(), exec());
        ASSERT_TRUE(judge_divergence(problem, got)) << problem.describe();
      }
    }
  }
}

TEST_P(DivergenceConformance, EmptyMeans) {
  const double zero = 0.0;
  for (const EmptyMean empty : {EmptyMean::zero, EmptyMean::nan}) {
    for (const std::int64_t rows : {0, 3}) {
      const DivergenceProblem problem({}, dtype(), Arrangement::padded, {rows, 5}, 1);
      VectorBuffer loss(DType::f64, 1);
      MatrixBuffer grad(dtype(), Arrangement::padded, rows, 5);
      DivergenceOptions options{.empty_mean = empty};
      if (rows > 0) options.denominator_at = vector(&zero, 1);
      kl_divergence(problem.p_logits.view(), problem.q_logits.view(),
                    {.loss = loss.view(), .grad_q = grad.view()}, options, {}, exec());
      EXPECT_TRUE(empty == EmptyMean::nan ? std::isnan(loss.get(0)) : loss.get(0) == 0.0);
      for (std::int64_t r = 0; r < rows; ++r) EXPECT_EQ(grad.row(r), std::vector<double>(5, 0.0));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, DivergenceConformance,
                         ::testing::Combine(::testing::ValuesIn(main_backends()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
