// Calls recorded into a graph once, launched with other labels and logits; calls on several streams at a
// time. On a GPU this is about capture and order; over the emulation, where a graph is the calls themselves,
// it keeps the tests true.
#include <array>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>
#include <xent/xent.hpp>

#include "host/cuda/memory.hpp"
#include "tests/support/rng.hpp"

namespace xent::testing {
namespace {

constexpr std::int64_t kRows = 24;
constexpr std::int64_t kClasses = 1500;

/// A problem whose arrays are the device's own, with a stream and a workspace of its own.
class Problem {
 public:
  explicit Problem(std::uint64_t seed) : rng_(seed) {
    cuda::fill_zero(workspace_.data(), workspace_.bytes(), stream_.get());
    draw();
  }

  void draw() {
    std::vector<float> logits(static_cast<std::size_t>(kRows * kClasses));
    for (float& z : logits) z = static_cast<float>(3.0 * rng_.normal());
    std::vector<std::int32_t> labels(kRows);
    for (std::int32_t& y : labels) {
      y = rng_.chance(0.2) ? -100 : static_cast<std::int32_t>(rng_.below(kClasses));
    }
    set(logits, labels);
  }

  void set(const std::vector<float>& logits, const std::vector<std::int32_t>& labels) {
    logits_on_host_ = logits;
    labels_on_host_ = labels;
    logits_.upload(logits_on_host_, stream_.get());
    labels_.upload(labels_on_host_, stream_.get());
    cuda::wait(stream_.get());
  }

  Exec exec() const {
    return {.device = Device::cuda,
            .stream = stream_.get(),
            .workspace = {workspace_.data(), workspace_.bytes()}};
  }

  void queue() {
    cross_entropy(matrix(std::as_const(*this).logits_.data(), kRows, kClasses), labels(labels_.data(), kRows),
                  {.loss = vector(loss_.data(), 1),
                   .grad = matrix(grad_.data(), kRows, kClasses),
                   .correct_count = counts_.data(),
                   .valid_count = counts_.data() + 1},
                  kOptions, {}, exec());
  }

  /// Against the reference on the host.
  void judge(double allowed = 2e-6) {
    std::vector<float> grad(logits_on_host_.size());
    double loss = 0.0;
    std::array<std::int64_t, 2> counts{};
    cross_entropy(matrix(std::as_const(logits_on_host_).data(), kRows, kClasses),
                  labels(labels_on_host_.data(), kRows),
                  {.loss = vector(&loss, 1),
                   .grad = matrix(grad.data(), kRows, kClasses),
                   .correct_count = &counts[0],
                   .valid_count = &counts[1]},
                  kOptions, {}, {.device = Device::reference});
    const std::vector<float> got = grad_.download(stream_.get());
    EXPECT_NEAR(loss_.download(stream_.get())[0], loss, allowed * std::abs(loss));
    const std::vector<std::int64_t> got_counts = counts_.download(stream_.get());
    EXPECT_EQ(got_counts[0], counts[0]);
    EXPECT_EQ(got_counts[1], counts[1]);
    for (std::size_t i = 0; i < grad.size(); ++i) ASSERT_NEAR(got[i], grad[i], allowed) << i;
  }

  const cuda::OwnedStream& stream() const { return stream_; }

 private:
  static constexpr LossOptions kOptions{.ignore_index = -100, .label_smoothing = 0.1};

  Rng rng_;
  cuda::OwnedStream stream_{};
  cuda::DeviceArray<float> logits_{static_cast<std::size_t>(kRows * kClasses)};
  cuda::DeviceArray<float> grad_{static_cast<std::size_t>(kRows * kClasses)};
  cuda::DeviceArray<std::int32_t> labels_{kRows};
  cuda::DeviceArray<float> loss_{1};
  cuda::DeviceArray<std::int64_t> counts_{2};
  cuda::DeviceArray<unsigned char> workspace_{workspace_bytes(kRows)};
  std::vector<float> logits_on_host_{};
  std::vector<std::int32_t> labels_on_host_{};
};

TEST(Graphs, ACallIsRecordedOnceAndLaunchedWithOtherData) {
  Problem problem(1);
  cuda::Graph graph;
  EXPECT_FALSE(graph.recorded());
  graph.record(problem.stream().get(), [&problem] { problem.queue(); });
  EXPECT_TRUE(graph.recorded());
  for (int launch = 0; launch < 5; ++launch) {
    problem.draw();
    graph.launch(problem.stream().get());
    problem.judge();
  }
}

TEST(Graphs, ABadLabelInAGraphIsReportedAndTheNextLaunchIsFine) {
  Problem problem(2);
  cuda::Graph graph;
  graph.record(problem.stream().get(), [&problem] { problem.queue(); });
  const std::vector<float> logits(static_cast<std::size_t>(kRows * kClasses), 0.5F);
  std::vector<std::int32_t> labels(kRows, 3);
  labels[17] = kClasses;
  problem.set(logits, labels);
  graph.launch(problem.stream().get());
  try {
    check(problem.exec());
    ADD_FAILURE() << "check() found nothing";
  } catch (const LabelError& error) {
    EXPECT_EQ(error.row(), 17);
    EXPECT_EQ(error.value(), kClasses);
  }
  labels[17] = 0;
  problem.set(logits, labels);
  graph.launch(problem.stream().get());
  EXPECT_NO_THROW(check(problem.exec()));
  problem.judge();
}

TEST(Streams, CallsOnSeveralAtATimeDoNotDisturbEachOther) {
  std::vector<std::unique_ptr<Problem>> problems;
  for (std::uint64_t i = 0; i < 4; ++i) problems.push_back(std::make_unique<Problem>(10 + i));
  for (int round = 0; round < 20; ++round) {
    for (const auto& problem : problems) problem->queue();
  }
  for (const auto& problem : problems) {
    problem->judge();
    EXPECT_NO_THROW(check(problem->exec()));
  }
}

}  // namespace
}  // namespace xent::testing
