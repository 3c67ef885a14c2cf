// cross_entropy_backward from a saved lse against the one-call form, in rows that are sure of a class: the
// lse, rounded, says nothing of that class's loss any more, and the gradients may not show it.
#include "tests/conformance/extremes.hpp"

namespace xent::testing {
namespace {

constexpr double kInf = std::numeric_limits<double>::infinity();

class SavedLse : public Extremes {
 protected:
  /// What rounding an lse of at most 200 does to a few probabilities, and to where a result is rounded to.
  double rounding() const { return 2000.0 * tolerance(dtype()).unit + 2.0 * tolerance(dtype()).store; }
  DType lse_dtype() const { return dtype() == DType::f64 ? DType::f64 : DType::f32; }

  struct Grads {
    MatrixBuffer logits;
    MatrixBuffer targets;
    explicit Grads(const MatrixBuffer& like)
        : logits(like.dtype, Arrangement::padded, like.layout.rows(), like.layout.classes),
          targets(like.dtype, Arrangement::padded, like.layout.rows(), like.layout.classes) {}
    CrossEntropyGrads views(const TargetView& target) {
      return {logits.view(), target.kind == TargetKind::probs ? targets.view() : MatrixView{}};
    }
  };

  void expect_the_same(const Matrix& rows, const TargetView& target, const LossOptions& options,
                       const Upstream& upstream = {}) {
    const MatrixBuffer logits = matrix_of(rows);
    VectorBuffer lse(lse_dtype(), std::ssize(rows));
    Grads fused(logits);
    Grads saved(logits);
    const CrossEntropyGrads to = fused.views(target);
    cross_entropy(logits.view(), target,
                  {.lse = lse.view(), .grad = to.grad, .grad_targets = to.grad_targets}, options, upstream,
                  exec());
    cross_entropy_backward(logits.view(), target, lse.view(), saved.views(target), options, upstream, exec());
    for (std::int64_t r = 0; r < std::ssize(rows); ++r) {
      SCOPED_TRACE(r);
      expect_near_rows(saved.logits.row(r), fused.logits.row(r));
      if (target.kind == TargetKind::probs) expect_near_rows(saved.targets.row(r), fused.targets.row(r));
    }
  }
  void expect_near_rows(const std::vector<double>& got, const std::vector<double>& want) {
    for (std::size_t c = 0; c < got.size(); ++c) {
      SCOPED_TRACE(c);
      expect_near(got[c], want[c], rounding());
    }
  }

  /// Each sure of class 0, by so much.
  static Matrix sure_rows(std::size_t classes) {
    Matrix rows;
    for (const double by : {1.5, 4.0, 20.0, 60.0, 100.5}) {
      std::vector<double> row(classes, 0.0);
      row[0] = by + std::log(static_cast<double>(classes));
      row[1] = 1.0;
      rows.push_back(row);
    }
    rows.front()[2] = -kInf;
    return rows;
  }
};

TEST_P(SavedLse, FocalLossOfALabel) {
  for (const std::size_t classes : {3U, 100U}) {
    const Matrix rows = sure_rows(classes);
    for (const std::int64_t label : {0, 1}) {
      IndexBuffer labels(LabelType::i64, std::ssize(rows));
      for (std::int64_t r = 0; r < std::ssize(rows); ++r) labels.set(r, label);
      for (const double gamma : {0.25, 1.0, 2.0}) {
        for (const double smoothing : {0.0, 0.125}) {
          SCOPED_TRACE(::testing::Message() << classes << " classes, label " << label << ", gamma " << gamma
                                            << ", smoothing " << smoothing);
          LossOptions options{
              .reduction = Reduction::none, .label_smoothing = smoothing, .focal_gamma = gamma};
          options.transform.temperature = 0.75;
          expect_the_same(rows, labels.labels(), options);
        }
      }
    }
  }
}

TEST_P(SavedLse, SoftTargetsAndTheirGradients) {
  for (const std::size_t classes : {3U, 100U}) {
    const Matrix rows = sure_rows(classes);
    Matrix given(rows.size(), std::vector<double>(classes, 0.0));
    for (std::vector<double>& q : given) {
      q[0] = 0.75;
      q[1] = 0.25;
    }
    const MatrixBuffer targets = matrix_of(given);
    const VectorBuffer ones = numbers(std::vector<double>(rows.size(), 1.0));
    for (const double gamma : {0.0, 0.25, 2.0}) {
      SCOPED_TRACE(::testing::Message() << classes << " classes, gamma " << gamma);
      const LossOptions options{.reduction = Reduction::none, .label_smoothing = 0.125, .focal_gamma = gamma};
      expect_the_same(rows, targets.view(), options);
      expect_the_same(rows, targets.view(), options, {.log_prob = ones.view()});
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, SavedLse,
                         ::testing::Combine(::testing::ValuesIn(every_backend()), every_dtype()),
                         conformance_name);

}  // namespace
}  // namespace xent::testing
