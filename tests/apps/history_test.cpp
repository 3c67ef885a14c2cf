// The history of a run, and its way through a checkpoint's note.
#include <gtest/gtest.h>

#include <cmath>

#include "host/apps/mnist/history.hpp"
#include "host/io/error.hpp"

namespace xent::mnist {
namespace {

constexpr std::int64_t kSteps = 7;
constexpr std::int64_t kEpochs = 3;

mlp::Progress at(std::int64_t step) {
  return {.epoch = step / kSteps, .step_in_epoch = step % kSteps, .step = step};
}

mlp::StepResult result_of(std::int64_t step) {
  return {.loss = 1.0 / (3.0 + static_cast<double>(step)),
          .correct = step % 5,
          .samples = 4,
          .lr = 0.01 * std::exp(-0.1 * static_cast<double>(step))};
}

void play(History& history, std::int64_t from, std::int64_t to) {
  for (std::int64_t step = from; step < to; ++step) {
    history.add_step(at(step), result_of(step));
    if (step % kSteps == kSteps - 1)
      history.end_epoch({.loss = 0.5, .accuracy = 0.75}, {.seconds = 1.0, .samples_per_second = 28.0});
  }
}

TEST(History, MeansOfAnEpoch) {
  History history(kEpochs, kSteps);
  play(history, 0, kSteps);
  double loss = 0;
  double correct = 0;
  for (std::int64_t step = 0; step < kSteps; ++step) {
    loss += result_of(step).loss / kSteps;
    correct += static_cast<double>(result_of(step).correct);
  }
  ASSERT_EQ(history.epochs().size(), 1U);
  EXPECT_EQ(history.epochs()[0].number, 1);
  EXPECT_NEAR(history.epochs()[0].train_loss, loss, 1e-15);
  EXPECT_NEAR(history.epochs()[0].train_accuracy, correct / (4 * kSteps), 1e-15);
  EXPECT_EQ(history.epochs()[0].test_accuracy, 0.75);
  EXPECT_EQ(history.epochs()[0].lr, result_of(kSteps - 1).lr);
}

TEST(History, CurveEndsWithEachEpochAndKeepsItsSize) {
  for (const std::int64_t steps : {1, 2, 39, 40, 41, 938, 60000}) {
    for (const std::int64_t epochs : {1, 10, 399, 1000}) {
      History history(epochs, steps);
      for (std::int64_t step = 0; step < steps; ++step) {
        history.add_step({.epoch = 0, .step_in_epoch = step, .step = step},
                         {.loss = 1, .correct = 1, .samples = 1});
      }
      ASSERT_FALSE(history.curve().empty());
      EXPECT_EQ(history.curve().back().epochs, 1.0);
      EXPECT_LE(history.curve().size(), 40U);
      EXPECT_LE(static_cast<std::int64_t>(history.curve().size()) * epochs,
                std::max<std::int64_t>(400, epochs));
    }
  }
}

TEST(History, InterruptedAnywhereItEndsTheSame) {
  History straight(kEpochs, kSteps);
  play(straight, 0, kEpochs * kSteps);
  for (std::int64_t stop = 1; stop < kEpochs * kSteps; ++stop) {
    History first(kEpochs, kSteps);
    play(first, 0, stop);
    History second(kEpochs, kSteps);
    second.restore(first.to_note(), at(stop), "checkpoint");
    EXPECT_EQ(second.to_note(), first.to_note()) << stop;
    EXPECT_EQ(second.running_loss(), first.running_loss());
    play(second, stop, kEpochs * kSteps);
    EXPECT_EQ(second.to_note(), straight.to_note()) << stop;
  }
}

TEST(History, RestoredEpochsHaveNoTimings) {
  History first(kEpochs, kSteps);
  play(first, 0, kSteps);
  History second(kEpochs, kSteps);
  second.restore(first.to_note(), at(kSteps), "checkpoint");
  ASSERT_EQ(second.epochs().size(), 1U);
  EXPECT_TRUE(first.epochs()[0].timing);
  EXPECT_FALSE(second.epochs()[0].timing);
}

TEST(History, LossThatIsNotANumberSurvivesTheNote) {
  History first(kEpochs, kSteps);
  first.add_step(at(0), {.loss = NAN, .correct = 0, .samples = 4, .lr = 0.1});
  History second(kEpochs, kSteps);
  second.restore(first.to_note(), at(1), "checkpoint");
  EXPECT_TRUE(std::isnan(second.running_loss()));
  EXPECT_EQ(second.to_note(), first.to_note());
}

TEST(History, NoNoteLeavesItEmptyAndABadOneThrows) {
  History history(kEpochs, kSteps);
  history.restore("", at(kSteps), "checkpoint");
  EXPECT_TRUE(history.epochs().empty());
  History whole(kEpochs, kSteps);
  play(whole, 0, kSteps);
  const std::string note = whole.to_note();
  for (const std::string& bad : {std::string("{"), std::string("[]"), std::string("{}"), std::string("7"),
                                 note.substr(0, note.size() / 2), std::string(R"({"epochs":[["1"]]})"),
                                 std::string(R"({"epochs":[[1]]})")}) {
    EXPECT_THROW(history.restore(bad, at(kSteps), "checkpoint"), io::FormatError) << bad;
  }
  EXPECT_THROW(history.restore(note, at(2 * kSteps), "checkpoint"), io::FormatError)
      << "one epoch is missing";
  EXPECT_TRUE(history.epochs().empty()) << "what throws changes nothing";
}

}  // namespace
}  // namespace xent::mnist
