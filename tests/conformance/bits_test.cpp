// What must not change a bit of a row's results, with any options: the outputs asked for, the layout, the
// other rows and their order, being computed in place, how a batch is cut, and what says "off" in other
// words.
#include <cmath>
#include <functional>

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

struct RowBits {
  std::vector<std::uint64_t> numbers{};
  std::vector<std::uint64_t> grad{};
  std::vector<std::uint64_t> grad_targets{};
  bool operator==(const RowBits&) const = default;
};

/// A NaN is a NaN, whatever its sign and payload, and a zero a zero.
std::vector<std::uint64_t> without_signs(std::vector<std::uint64_t> bits, const std::vector<double>& values) {
  for (std::size_t i = 0; i < bits.size(); ++i) {
    if (std::isnan(values[i])) bits[i] = ~std::uint64_t{0};
    if (values[i] == 0.0) bits[i] = 0;
  }
  return bits;
}

/// Of the outputs in `which`.
RowBits row_bits(const Outputs& outputs, std::int64_t r, std::uint32_t which) {
  RowBits bits;
  const std::pair<Output, const VectorBuffer*> vectors[] = {{kRowLoss, &outputs.row_loss},
                                                            {kLse, &outputs.lse},
                                                            {kLogProb, &outputs.log_prob},
                                                            {kEntropy, &outputs.entropy}};
  for (const auto& [output, vector] : vectors) {
    if ((which & output) != 0) bits.numbers.push_back(without_signs({vector->bits(r)}, {vector->get(r)})[0]);
  }
  const std::pair<Output, const IndexBuffer*> indices[] = {{kArgmax, &outputs.argmax},
                                                           {kTargetRank, &outputs.target_rank}};
  for (const auto& [output, index] : indices) {
    if ((which & output) != 0) bits.numbers.push_back(static_cast<std::uint64_t>(index->get(r)));
  }
  if ((which & kGrad) != 0) bits.grad = without_signs(outputs.grad.row_bits(r), outputs.grad.row(r));
  if ((which & kGradTargets) != 0)
    bits.grad_targets = without_signs(outputs.grad_targets.row_bits(r), outputs.grad_targets.row(r));
  return bits;
}

bool same_numbers(const VectorBuffer& a, const VectorBuffer& b) {
  for (std::int64_t i = 0; i < a.size; ++i) {
    if (a.get(i) != b.get(i) && !(std::isnan(a.get(i)) && std::isnan(b.get(i)))) return false;
  }
  return true;
}

/// The two calls' answers.
struct Answers {
  Answers(const Case& posed, const Exec& exec) : Answers(Inputs(posed), Inputs(posed), exec) {}
  Answers(Inputs inputs, Inputs same, const Exec& exec)
      : forward(answer(inputs, exec)), backward(answer_backward(same, lse_of(same.posed), exec)) {}

  /// Any that has the range of these rows will do, if it is the same for all calls.
  static VectorBuffer lse_of(const Case& posed) {
    VectorBuffer lse(DType::f32, posed.rows);
    for (std::int64_t r = 0; r < posed.rows; ++r)
      lse.set(r, 3.0 + 0.01 * static_cast<double>(posed.first_row + r));
    return lse;
  }
  bool same_row(std::int64_t r, const Answers& other, std::int64_t as,
                std::uint32_t which = kEveryOutput) const {
    return row_bits(forward, r, which) == row_bits(other.forward, as, which) &&
           row_bits(backward, r, which & (kGrad | kGradTargets)) ==
               row_bits(other.backward, as, which & (kGrad | kGradTargets));
  }
  bool same_totals(const Answers& other, std::uint32_t which) const {
    const auto same = [which](Output output, bool equal) { return (which & output) == 0 || equal; };
    return same(kLoss, same_numbers(forward.loss, other.forward.loss)) &&
           same(kDivisor, forward.divisor.bits(0) == other.forward.divisor.bits(0)) &&
           same(kCorrectCount, forward.correct == other.forward.correct) &&
           same(kTopKCount, forward.top_k == other.forward.top_k) &&
           same(kValidCount, forward.valid == other.forward.valid);
  }

  Outputs forward;
  Outputs backward;
};

class Bits : public ::testing::TestWithParam<Backend> {
 protected:
  /// body(case, its answers), for cases that ask for everything.
  static void for_each_case(std::uint64_t first_seed,
                            const std::function<void(const Case&, const Answers&, const Exec&)>& body) {
    for (std::uint64_t seed = first_seed; seed < first_seed + XENT_LAW_CASES && !HasFailure(); ++seed) {
      const Running running(GetParam());
      Case posed = draw(seed, XENT_PROPERTY_CLASSES);
      posed.rows = 1 + posed.rows % 12;
      posed.in_place = false;
      posed.outputs = kEveryOutput;
      posed = settled(posed);
      SCOPED_TRACE(describe(posed));
      body(posed, Answers(posed, running.exec()), running.exec());
    }
  }
  static void expect_same(const Case& posed, const Answers& answers, const Answers& others,
                          std::uint32_t which) {
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      EXPECT_TRUE(answers.same_row(r, others, r, which)) << "row " << r;
    }
    EXPECT_TRUE(answers.same_totals(others, which)) << "the totals";
  }
};

TEST_P(Bits, OfAnOutputDoNotHangOnTheOthers) {
  for_each_case(10'000, [](const Case& posed, const Answers& all, const Exec& exec) {
    const Case fewer = draw(posed.seed, XENT_PROPERTY_CLASSES);
    Case some = posed;
    some.outputs = fewer.outputs;
    some = settled(some);
    const Answers answers(some, exec);
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      EXPECT_TRUE(row_bits(answers.forward, r, some.outputs) == row_bits(all.forward, r, some.outputs))
          << "row " << r;
    }
    EXPECT_TRUE(all.same_totals(answers, some.outputs));
  });
}

TEST_P(Bits, InPlaceAreThoseOfOutOfPlace) {
  for_each_case(20'000, [](const Case& posed, const Answers& apart, const Exec& exec) {
    Case in_place = posed;
    in_place.in_place = true;
    expect_same(posed, apart, Answers(in_place, exec), posed.outputs);
  });
}

TEST_P(Bits, AreTheSameInEveryLayout) {
  for_each_case(30'000, [](const Case& posed, const Answers& drawn, const Exec& exec) {
    for (const Arrangement arrangement : kArrangements) {
      if (posed.classes > 600 && arrangement != Arrangement::packed && arrangement != Arrangement::transposed)
        continue;
      Case moved = posed;
      moved.arrangement = arrangement;
      SCOPED_TRACE(name(arrangement));
      expect_same(posed, drawn, Answers(moved, exec), posed.outputs);
    }
  });
}

/// A row's gradients and numbers when the mean's divisor is given: whatever else is in the batch.
TEST_P(Bits, OfARowAreItsOwn) {
  for_each_case(40'000, [](const Case& drawn, const Answers&, const Exec& exec) {
    Case posed = drawn;
    if (posed.reduction == Reduction::mean && !posed.denominator_at) posed.denominator = 7.5;
    const std::uint32_t rowwise = posed.outputs & ~std::uint32_t{kLoss};
    const Answers all(posed, exec);
    Case part = posed;
    part.rows = posed.rows - posed.rows / 2;
    part.first_row = posed.rows / 2;
    const Answers second_half(part, exec);
    for (std::int64_t r = 0; r < part.rows; ++r) {
      EXPECT_TRUE(second_half.same_row(r, all, r + part.first_row, rowwise)) << "row " << r + part.first_row;
    }
    if (posed.reduction == Reduction::none) return;
    Case first = posed;
    first.rows = part.first_row;
    const Answers first_half(first, exec);
    const double whole = all.forward.loss.get(0);
    const double sum = first_half.forward.loss.get(0) + second_half.forward.loss.get(0);
    const double rounding = tolerance(all.forward.loss.dtype).store + 0x1p-48;
    if (std::isfinite(whole)) {
      EXPECT_NEAR(sum, whole, 3.0 * rounding * std::abs(whole));
    } else {
      EXPECT_FALSE(std::isfinite(sum));
    }
  });
}

TEST_P(Bits, MoveWithTheRows) {
  for_each_case(50'000, [](const Case& drawn, const Answers&, const Exec& exec) {
    Case posed = drawn;
    if (posed.reduction == Reduction::mean && !posed.denominator_at) posed.denominator = 7.5;
    Inputs inputs(posed);
    reverse_rows(inputs);
    const Answers answers(posed, exec);
    const Outputs reversed = answer(inputs, exec);
    for (std::int64_t r = 0; r < posed.rows; ++r) {
      EXPECT_TRUE(row_bits(reversed, posed.rows - 1 - r, posed.outputs) ==
                  row_bits(answers.forward, r, posed.outputs))
          << "row " << r;
    }
  });
}

/// What says "off", or the same thing, in other words.
TEST_P(Bits, OfDefaultsThatAreSpelledOut) {
  for_each_case(60'000, [](const Case& drawn, const Answers&, const Exec& exec) {
    Case posed = drawn;
    posed.valid_classes = 0;
    posed.weights = Weights::none;
    posed.mean_over = MeanOver::weights;
    posed.denominator_at.reset();
    if (posed.reduction == Reduction::mean) posed.denominator = 12.25;
    posed.values = Values::none;
    posed = settled(posed);
    const Answers implied(posed, exec);
    const auto expect_same_with = [&](const char* what, const LossOptions& options,
                                      const Upstream& upstream) {
      SCOPED_TRACE(what);
      Inputs inputs(posed);
      Outputs got(inputs);
      cross_entropy(std::as_const(inputs.logits).view(), inputs.target(), got.views(inputs), options,
                    upstream, exec);
      for (std::int64_t r = 0; r < posed.rows; ++r) {
        EXPECT_TRUE(row_bits(got, r, posed.outputs) == row_bits(implied.forward, r, posed.outputs))
            << "row " << r;
      }
      EXPECT_TRUE(same_numbers(got.loss, implied.forward.loss));
    };
    const Inputs inputs(posed);
    LossOptions options = inputs.options();
    options.transform.valid_classes = posed.classes;
    expect_same_with("valid_classes = classes", options, inputs.upstream());
    VectorBuffer one(DType::f32, 1);
    one.set(0, 1.0);
    Upstream ones = inputs.upstream();
    ones.values = std::as_const(one).view();
    expect_same_with("upstream.values = 1", inputs.options(), ones);
    if (posed.reduction != Reduction::mean) return;
    VectorBuffer divisor(DType::f64, 1);
    divisor.set(0, *posed.denominator);
    options = inputs.options();
    options.denominator.reset();
    options.denominator_at = std::as_const(divisor).view();
    options.mean_over = MeanOver::valid_rows;  // not asked for: there is a denominator
    expect_same_with("denominator_at", options, inputs.upstream());
  });
}

INSTANTIATE_TEST_SUITE_P(Every, Bits, ::testing::ValuesIn(main_backends()),
                         [](const auto& param) { return std::string(param.param.name); });

}  // namespace
}  // namespace xent::testing::family
