// Two questions with one answer: what a backend says to one of them is judged as its answer to the other.
#include <cmath>
#include <functional>
#include <limits>

#include "tests/conformance/backend.hpp"
#include "tests/conformance/family/judge.hpp"
#include "tests/conformance/family/reorder.hpp"
#include "tests/support/tolerance.hpp"

namespace xent::testing::family {
namespace {

#ifndef XENT_LAW_CASES
#define XENT_LAW_CASES 60
#endif
#ifndef XENT_PROPERTY_CLASSES
#define XENT_PROPERTY_CLASSES 5000
#endif

constexpr double kInf = std::numeric_limits<double>::infinity();

class Identities : public ::testing::TestWithParam<Backend> {
 protected:
  /// body(case), for cases that are drawn and then made to fit.
  static void for_each_case(std::uint64_t first_seed, const std::function<void(Case&)>& fit,
                            const std::function<void(const Case&, const Exec&)>& body) {
    for (std::uint64_t seed = first_seed; seed < first_seed + XENT_LAW_CASES && !HasFailure(); ++seed) {
      const Running running(GetParam());
      Case posed = draw(seed, XENT_PROPERTY_CLASSES);
      posed.rows = 1 + posed.rows % 12;
      posed.in_place = false;
      posed.outputs = kEveryOutput;
      fit(posed);
      posed = settled(posed);
      SCOPED_TRACE(describe(posed));
      body(posed, running.exec());
    }
  }
};

TEST_P(Identities, ShiftingAllLogitsShiftsTheLseAlone) {
  const auto fit = [](Case& posed) {
    posed.style = RowStyle::moderate;
    posed.dtype = posed.dtype == DType::f64 ? DType::f64 : DType::f32;
    posed.logit_scale = 1.0;
    posed.temperature = 1.0;
    posed.softcap = 0.0;
    posed.bias = Bias::none;
    posed.z_loss = 0.0;
    posed.outputs &= ~std::uint32_t{kLse};
  };
  for_each_case(1000, fit, [](const Case& posed, const Exec& exec) {
    const auto exact = [](Inputs& inputs, double shift) {  // sums that lose nothing
      for (std::int64_t r = 0; r < inputs.posed.rows; ++r) {
        for (std::int64_t c = 0; c < inputs.posed.classes; ++c) {
          inputs.logits.set(r, c, std::round(inputs.logits.get(r, c) * 256.0) / 256.0 + shift);
        }
      }
    };
    Inputs inputs(posed);
    Inputs shifted(posed);
    exact(inputs, 0.0);
    exact(shifted, 64.0);
    EXPECT_TRUE(judge(inputs, answer(shifted, exec)));
  });
}

TEST_P(Identities, ClassesMayStandInAnyOrder) {
  const auto fit = [](Case& posed) {
    posed.label_type = LabelType::i32;
    if (posed.ignore && posed.seed % 4 == 0) posed.ignore = false;  // whose index is a class
    posed.outputs &= ~std::uint32_t{kArgmax | kTargetRank | kCorrectCount | kTopKCount};  // ties go by order
  };
  for_each_case(2000, fit, [](const Case& posed, const Exec& exec) {
    Inputs inputs(posed);
    reverse_classes(inputs);
    Outputs got = answer(inputs, exec);
    reverse_classes(inputs, got);
    EXPECT_TRUE(judge(Inputs(posed), got));
  });
}

TEST_P(Identities, TemperatureIsOneOverScale) {
  const auto fit = [](Case& posed) {
    posed.logit_scale = posed.seed % 2 == 0 ? 0.25 : 2.0;
    posed.temperature = 1.0;
    posed.softcap = 0.0;
    posed.bias = Bias::none;
  };
  for_each_case(3000, fit, [](const Case& posed, const Exec& exec) {
    Case cooler = posed;
    cooler.logit_scale = 1.0;
    cooler.temperature = 1.0 / posed.logit_scale;
    Inputs inputs(cooler);
    EXPECT_TRUE(judge(Inputs(posed), answer(inputs, exec)));
  });
}

TEST_P(Identities, ClassesThatDoNotExistAreMaskedOnes) {
  const auto fit = [](Case& posed) {
    posed.classes = std::max<std::int64_t>(posed.classes, 2);
    posed.valid_classes = posed.classes / 2;
    // A row of NaN is one all over, also where there is only a mask.
    posed.style = posed.seed % 2 == 0 ? RowStyle::outliers : RowStyle::confident;
    if (posed.bias == Bias::masking) posed.bias = Bias::finite;
  };
  for_each_case(4000, fit, [](const Case& posed, const Exec& exec) {
    Inputs inputs(posed);
    inputs.posed.valid_classes = 0;
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      for (std::int64_t c = posed.valid_classes; c < posed.classes; ++c) {
        inputs.logits.set(r, c, -kInf);
        if (posed.target == TargetKind::probs) inputs.soft.set(r, c, 0.0);
      }
    }
    EXPECT_TRUE(judge(Inputs(posed), answer(inputs, exec)));
  });
}

TEST_P(Identities, OneHotTargetsAreLabels) {
  const auto fit = [](Case& posed) {
    posed.target = TargetKind::labels;
    posed.ignore = false;
    posed.mean_over = MeanOver::valid_rows;  // soft targets have no weights to divide by
    posed.outputs &= ~std::uint32_t{kTargetRank | kCorrectCount | kTopKCount | kDivisor};
  };
  for_each_case(5000, fit, [](const Case& posed, const Exec& exec) {
    Case soft_case = posed;
    soft_case.target = TargetKind::probs;
    if (posed.reduction == Reduction::mean) soft_case.mean_over = MeanOver::valid_rows;
    const Inputs labelled(posed);
    Inputs soft(soft_case);
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      for (std::int64_t c = 0; c < posed.classes; ++c) {
        soft.logits.set(r, c, labelled.logits.get(r, c));
        soft.soft.set(r, c, labelled.labels.get(r) == c ? 1.0 : 0.0);
      }
    }
    // Soft targets do not promise a confident row's digits in its gradient: judged as what they are.
    Outputs from_labels = answer(soft, exec);
    Inputs want(soft_case);
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      for (std::int64_t c = 0; c < posed.classes; ++c) {
        want.logits.set(r, c, labelled.logits.get(r, c));
        want.soft.set(r, c, labelled.labels.get(r) == c ? 1.0 : 0.0);
      }
    }
    Inputs hard(posed);
    const Outputs got = answer(hard, exec);
    Outputs as_soft = answer(hard, exec);
    EXPECT_TRUE(judge(want, from_labels));
    std::swap(as_soft.grad_targets, from_labels.grad_targets);
    EXPECT_TRUE(judge(want, as_soft)) << "the answer to labels is none to one-hot targets";
  });
}

TEST_P(Identities, WeightsOfOneAreNone) {
  const auto fit = [](Case& posed) {
    if (posed.target == TargetKind::none) posed.target = TargetKind::labels;
    posed.weights = Weights::none;
  };
  for_each_case(6000, fit, [](const Case& posed, const Exec& exec) {
    Case ones = posed;
    ones.weights = Weights::all_ones;
    Inputs inputs(ones);
    EXPECT_TRUE(judge(Inputs(posed), answer(inputs, exec)));
  });
}

/// The gradient of several upstream gradients is the sum of theirs.
TEST_P(Identities, GradientsAddUp) {
  const auto fit = [](Case& posed) {
    posed.style = RowStyle::moderate;
    posed.dtype = posed.dtype == DType::f64 ? DType::f64 : DType::f32;
    posed.upstream_lse = true;
    posed.upstream_entropy = true;
    posed.upstream_log_prob = posed.target != TargetKind::none;
    posed.outputs = kGrad;
  };
  for_each_case(7000, fit, [](const Case& posed, const Exec& exec) {
    Inputs inputs(posed);
    const Upstream all = inputs.upstream();
    VectorBuffer zero(DType::f64, 1);
    zero.set(0, 0.0);
    const Upstream parts[] = {
        {.scale = all.scale, .values = all.values},
        {.scale = all.scale, .values = std::as_const(zero).view(), .lse = all.lse},
        {.scale = all.scale, .values = std::as_const(zero).view(), .log_prob = all.log_prob},
        {.scale = all.scale, .values = std::as_const(zero).view(), .entropy = all.entropy}};
    const auto gradient = [&](const Upstream& upstream) {
      MatrixBuffer grad = like(inputs.logits);
      cross_entropy(std::as_const(inputs.logits).view(), inputs.target(), {.grad = grad.view()},
                    inputs.options(), upstream, exec);
      return grad;
    };
    const MatrixBuffer whole = gradient(all);
    std::vector<MatrixBuffer> grads;
    for (const Upstream& part : parts) grads.push_back(gradient(part));
    const double unit = 1024.0 * tolerance(posed.dtype).unit;
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      double size = 0.0;  // of anything in the row: p·Σ may have taken pull away again
      for (const MatrixBuffer& grad : grads) {
        for (std::int64_t c = 0; c < posed.classes; ++c) size = std::max(size, std::abs(grad.get(r, c)));
      }
      for (std::int64_t c = 0; c < posed.classes; ++c) {
        double sum = 0.0;
        for (const MatrixBuffer& grad : grads) sum += grad.get(r, c);
        if (std::isnan(sum)) continue;
        ASSERT_NEAR(whole.get(r, c), sum, unit * size) << "row " << r << ", class " << c;
      }
    }
  });
}

/// What raises one class lowers others by as much, where z moves as one with x.
TEST_P(Identities, GradientsOfARowAddUpToZero) {
  const auto fit = [](Case& posed) {
    posed.style = RowStyle::moderate;
    posed.softcap = 0.0;
    posed.z_loss = 0.0;
    posed.upstream_lse = false;
    posed.outputs = kGrad;
  };
  for_each_case(8000, fit, [](const Case& posed, const Exec& exec) {
    Inputs inputs(posed);
    const Outputs got = answer(inputs, exec);
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      double sum = 0.0;
      double size = 0.0;
      for (std::int64_t c = 0; c < posed.classes; ++c) {
        sum += got.grad.get(r, c);
        size += std::abs(got.grad.get(r, c));
      }
      if (std::isnan(sum)) continue;
      const Tolerance limits = tolerance(posed.dtype);
      const double n = static_cast<double>(posed.classes);
      EXPECT_NEAR(sum, 0.0, size * (limits.store + 1024.0 * limits.unit) + n * limits.step) << "row " << r;
    }
  });
}

INSTANTIATE_TEST_SUITE_P(Every, Identities, ::testing::ValuesIn(main_backends()),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace xent::testing::family
