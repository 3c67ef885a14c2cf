// A long row's exponentials lie in one place, which the row before leaves as this one comes: rows must not
// know of their neighbours, wherever rows and results begin and however a row's reference rises.
#include <cmath>
#include <cstring>
#include <vector>

#include <gtest/gtest.h>

#include <xent/xent.hpp>

#include "tests/support/rng.hpp"

namespace xent {
namespace {

constexpr std::int64_t kRows = 5;

enum class Call { softmax, plain, shared, biased, capped, weighted };

std::string name_of(const ::testing::TestParamInfo<Call>& info) {
  constexpr const char* kNames[] = {"softmax", "plain", "shared", "biased", "capped", "weighted"};
  return kNames[static_cast<int>(info.param)];
}

/// Each stretch of 1,500 columns is so much above the one before: the reference moves several times.
std::vector<float> rising(std::int64_t classes, float rise) {
  testing::Rng rng(static_cast<std::uint64_t>(classes));
  std::vector<float> logits;
  for (std::int64_t i = 0; i < kRows * classes; ++i) {
    logits.push_back(static_cast<float>(rng.normal()) + rise * static_cast<float>(i % classes / 1500));
  }
  return logits;
}

template <class T>
struct Rows {
  std::int64_t classes;
  std::int64_t offset;  ///< of logits and result from where memory begins, in elements
  std::vector<T> logits{};
  std::vector<T> result{};
  std::vector<float> per_class{};

  Rows(std::int64_t classes_, std::int64_t offset_, float rise) : classes(classes_), offset(offset_) {
    logits.assign(static_cast<std::size_t>(offset), T(0.0F));
    for (const float x : rising(classes, rise)) logits.emplace_back(x);
    result.assign(static_cast<std::size_t>(3 * offset + kRows * classes), T(7.0F));
    for (std::int64_t c = 0; c < classes; ++c) per_class.push_back(0.5F + static_cast<float>(c % 7) / 7.0F);
  }

  T* result_of(std::int64_t row) { return result.data() + 3 * offset + row * classes; }

  void run(Call call, std::int64_t first, std::int64_t count, Device device = Device::cpu) {
    const auto x = matrix(std::as_const(logits).data() + offset + first * classes, count, classes);
    const auto y = matrix(result_of(first), count, classes);
    const Exec exec{.device = device, .threads = 1};
    if (call == Call::softmax) return softmax(x, y, exec);
    std::vector<std::int64_t> targets;
    for (std::int64_t r = first; r < first + count; ++r) targets.push_back(r * 37 % classes);
    LossOptions options{.reduction = Reduction::sum};
    const auto weights = vector(std::as_const(per_class).data(), classes);
    if (call == Call::shared) options.label_smoothing = 0.1;
    if (call == Call::biased) options.transform.bias = weights;
    if (call == Call::capped) options.transform.softcap = 60.0;
    if (call == Call::weighted) options.class_weights = weights;
    if (call == Call::weighted) options.label_smoothing = 0.1;
    std::vector<double> loss(static_cast<std::size_t>(count));
    cross_entropy(x, labels(std::as_const(targets).data(), count),
                  {.row_loss = vector(loss.data(), count), .grad = y}, options, {}, exec);
  }
};

class KeptRows : public ::testing::TestWithParam<Call> {};

template <class T>
void expect_alone_as_together(Call call) {
  for (const std::int64_t classes : {129, 144, 255, 333, 1000, 1024, 2047, 2049, 4113, 6001}) {
    for (const std::int64_t offset : {0, 1, 9, 31}) {
      Rows<T> together(classes, offset, 6.0F);
      Rows<T> alone = together;
      together.run(call, 0, kRows);
      for (std::int64_t r = 0; r < kRows; ++r) alone.run(call, r, 1);
      ASSERT_EQ(0, std::memcmp(together.result.data(), alone.result.data(), sizeof(T) * alone.result.size()))
          << classes << " classes, offset " << offset;
    }
  }
}

TEST_P(KeptRows, DoNotKnowOfTheirNeighboursF32) { expect_alone_as_together<float>(GetParam()); }
TEST_P(KeptRows, DoNotKnowOfTheirNeighboursBf16) { expect_alone_as_together<bf16>(GetParam()); }
TEST_P(KeptRows, DoNotKnowOfTheirNeighboursF16) { expect_alone_as_together<f16>(GetParam()); }
TEST_P(KeptRows, DoNotKnowOfTheirNeighboursF64) { expect_alone_as_together<double>(GetParam()); }

TEST_P(KeptRows, AreRightHoweverTheReferenceMoves) {
  for (const float rise : {0.0F, 6.0F, 30.0F, 200.0F, -50.0F}) {
    Rows<float> got(6001, 3, rise);
    Rows<float> want = got;
    got.run(GetParam(), 0, kRows);
    want.run(GetParam(), 0, kRows, Device::reference);
    for (std::size_t i = 0; i < got.result.size(); ++i) {
      const float w = want.result[i];
      ASSERT_NEAR(got.result[i], w, 2e-7F + 2e-5F * std::abs(w)) << "rise " << rise << ", element " << i;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, KeptRows,
                         ::testing::Values(Call::softmax, Call::plain, Call::shared, Call::biased,
                                           Call::capped, Call::weighted),
                         name_of);

}  // namespace
}  // namespace xent
