// A call on a few rows that are written down, and all that comes out of it.
#pragma once

#include <cmath>
#include <limits>
#include <vector>

#include "tests/conformance/backend.hpp"
#include "tests/support/buffers.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing {

using Matrix = std::vector<std::vector<double>>;

/// All that comes out of a call on a few rows.
struct Answer {
  double loss = 0.0;
  double divisor = 0.0;
  std::int64_t valid = 0;
  std::int64_t correct = 0;
  std::int64_t hits = 0;
  std::vector<double> row_loss{};
  std::vector<double> lse{};
  std::vector<double> log_prob{};
  std::vector<double> entropy{};
  std::vector<std::int64_t> argmax{};
  std::vector<std::int64_t> rank{};
  Matrix grad{};
};

class Extremes : public Conformance {
 protected:
  MatrixBuffer matrix_of(const Matrix& rows) const {
    MatrixBuffer matrix(dtype(), Arrangement::padded, std::ssize(rows),
                        rows.empty() ? 3 : std::ssize(rows[0]));
    for (std::size_t r = 0; r < rows.size(); ++r) {
      for (std::size_t c = 0; c < rows[r].size(); ++c) {
        matrix.set(static_cast<std::int64_t>(r), static_cast<std::int64_t>(c), rows[r][c]);
      }
    }
    return matrix;
  }

  Answer answer(const Matrix& rows, const TargetView& target, const LossOptions& options,
                const Upstream& upstream = {}) const {
    const MatrixBuffer logits = matrix_of(rows);
    const std::int64_t n = std::ssize(rows);
    VectorBuffer loss(DType::f64, options.reduction == Reduction::none ? n : 1);
    VectorBuffer vectors[] = {{DType::f64, n}, {DType::f64, n}, {DType::f64, n}, {DType::f64, n}};
    IndexBuffer indices[] = {{LabelType::i64, n}, {LabelType::i64, n}};
    MatrixBuffer grad(dtype(), Arrangement::padded, n, logits.layout.classes);
    VectorBuffer divisor(DType::f64, 1);
    Count valid(-7);
    Count correct(-7);
    Count hits(-7);
    CrossEntropyOutputs outputs{.loss = loss.view(),
                                .row_loss = vectors[0].view(),
                                .lse = vectors[1].view(),
                                .entropy = vectors[3].view(),
                                .argmax = indices[0].view(),
                                .grad = grad.view(),
                                .valid_count = valid.address(),
                                .divisor = static_cast<double*>(divisor.view().data),
                                .top_k = 3};
    if (target.kind != TargetKind::none) outputs.log_prob = vectors[2].view();
    if (target.kind == TargetKind::labels) {
      outputs.target_rank = indices[1].view();
      outputs.correct_count = correct.address();
      outputs.top_k_count = hits.address();
    }
    cross_entropy(logits.view(), target, outputs, options, upstream, exec());
    Answer all{.loss = loss.size == 1 ? loss.get(0) : 0.0,
               .divisor = divisor.get(0),
               .valid = valid,
               .correct = correct,
               .hits = hits};
    for (std::int64_t r = 0; r < n; ++r) {
      all.row_loss.push_back(vectors[0].get(r));
      all.lse.push_back(vectors[1].get(r));
      all.log_prob.push_back(vectors[2].get(r));
      all.entropy.push_back(vectors[3].get(r));
      all.argmax.push_back(indices[0].get(r));
      all.rank.push_back(indices[1].get(r));
      all.grad.push_back(grad.row(r));
    }
    return all;
  }

  /// With labels.
  Answer answer(const Matrix& rows, const std::vector<std::int64_t>& label, const LossOptions& options,
                const Upstream& upstream = {}) const {
    IndexBuffer labels(LabelType::i64, std::ssize(label));
    for (std::size_t r = 0; r < label.size(); ++r) labels.set(static_cast<std::int64_t>(r), label[r]);
    return answer(rows, labels.labels(), options, upstream);
  }

  static VectorBuffer numbers(const std::vector<double>& values) {
    VectorBuffer vector(DType::f32, std::ssize(values));
    for (std::size_t i = 0; i < values.size(); ++i) vector.set(static_cast<std::int64_t>(i), values[i]);
    return vector;
  }

  /// To the rounding of what is stored and a few of the arithmetic.
  static void expect_row(const std::vector<double>& got, const std::vector<double>& want) {
    ASSERT_EQ(got.size(), want.size());
    for (std::size_t c = 0; c < got.size(); ++c) expect_near(got[c], want[c], tolerance(dtype()).store);
  }
  static void expect_near(double got, double want, double rounding = 0.0) {
    if (std::isnan(want) || std::isinf(want)) {
      EXPECT_TRUE(std::isnan(want) ? std::isnan(got) : got == want) << got << ", not " << want;
    } else {
      EXPECT_NEAR(got, want,
                  (16.0 * tolerance(dtype()).unit + rounding) * std::abs(want) + tolerance(dtype()).step);
    }
  }
};

}  // namespace xent::testing
