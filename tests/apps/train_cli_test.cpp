// xent-mnist as a user meets it: training, its logs, its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>

#include <sys/resource.h>
#include <xent/device.hpp>

#include "host/apps/common/text.hpp"
#include "tests/apps/tiny_mnist.hpp"

namespace xent::test {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::StartsWith;

std::vector<std::string> keys(const Json& json) {
  std::vector<std::string> names;
  for (const auto& [name, value] : json.items()) names.push_back(name);
  return names;
}

TEST(TrainCli, JsonLinesTellTheWholeRun) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick(
      {"--json", "log.jsonl", "--seed", "3", "--lr", "0.01", "--final-lr-ratio", "0.01", "--device", "cpu"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::vector<Json> lines = json_lines(read_text(tiny / "log.jsonl"));
  ASSERT_EQ(lines.size(), 4U);
  EXPECT_EQ(lines[0]["event"], "start");
  EXPECT_EQ(lines[0]["recipe"]["seed"], 3);
  EXPECT_EQ(lines[0]["recipe"]["layers"], Json({784, 16, 10}));
  EXPECT_EQ(lines[0]["data"]["train_count"], 300);
  EXPECT_EQ(lines[0]["data"]["synthetic"], false);
  EXPECT_EQ(lines[0]["device"], "cpu");
  EXPECT_TRUE(lines[0].contains("step_path") && lines[0]["step_path"].is_null());
  for (const int epoch : {1, 2}) {
    const Json& line = lines[static_cast<std::size_t>(epoch)];
    EXPECT_THAT(keys(line), ElementsAre("event", "epoch", "train_loss", "train_accuracy", "test_loss",
                                        "test_accuracy", "seconds", "samples_per_second", "lr"));
    EXPECT_EQ(line["epoch"], epoch);
    EXPECT_GT(line["seconds"].get<double>(), 0.0);
    EXPECT_NEAR(line["samples_per_second"].get<double>() * line["seconds"].get<double>(), 300.0, 1e-6);
  }
  EXPECT_LT(lines[2]["train_loss"].get<double>(), lines[1]["train_loss"].get<double>());
  EXPECT_NEAR(lines[2]["lr"].get<double>(), 1e-4, 1e-9);
  EXPECT_EQ(lines[3]["test_accuracy"], lines[2]["test_accuracy"]);
  EXPECT_LT(lines[3]["train_seconds"].get<double>(), lines[3]["wall_seconds"].get<double>());
}

TEST(TrainCli, FinalLineBeginsWithTheThreeFigures) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick({"--json", "-", "--quiet"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string last = outcome.out.substr(outcome.out.rfind('\n', outcome.out.size() - 2) + 1);
  EXPECT_THAT(last, StartsWith(R"({"event":"final","test_accuracy":)"));
  const std::vector<std::string> names = keys(Json::parse(last));
  ASSERT_GE(names.size(), 4U);
  EXPECT_THAT(std::vector(names.begin(), names.begin() + 4),
              ElementsAre("event", "test_accuracy", "train_seconds", "wall_seconds"));
}

TEST(TrainCli, JsonOnStandardOutputIsAlone) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick({"--json", "-"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(json_lines(outcome.out).size(), 4U);
  EXPECT_THAT(outcome.err, HasSubstr("test accuracy"));
}

TEST(TrainCli, PlainLinesWhenNobodyWatches) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick());
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  const std::string why = unavailable(Device::cuda);
  EXPECT_THAT(outcome.out, HasSubstr(why.empty() ? "device   CUDA: " : "device   CPU: "));
  EXPECT_THAT(outcome.out, HasSubstr(why.empty() ? "" : apps::cat(" (", why, ")")));
  EXPECT_THAT(outcome.out, HasSubstr("\n  1/2 "));
  EXPECT_THAT(outcome.out, HasSubstr("\n  2/2 "));
  EXPECT_THAT(outcome.out, HasSubstr("\ntest accuracy "));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\r")));
  EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(TrainCli, ProgressBarOnATerminal) {
  const TinyMnist tiny;
  Launch launch = tiny.launch(tiny.quick());
  launch.environment = {{"LC_ALL", "C.UTF-8"}};
  const Outcome outcome = run_on_terminal(XENT_MNIST_PROGRAM, launch);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_THAT(outcome.out, HasSubstr("\repoch 1/2 "));
  EXPECT_THAT(outcome.out, HasSubstr("━"));
  EXPECT_THAT(outcome.out, HasSubstr(" img/s"));
  EXPECT_THAT(outcome.out, HasSubstr(" left"));
}

TEST(TrainCli, QuietPrintsNothing) {
  const TinyMnist tiny;
  const Outcome outcome =
      tiny.run(tiny.quick({"--quiet", "--checkpoint", "a.safetensors", "--report", "a.html"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_TRUE(std::filesystem::exists(tiny / "a.safetensors"));
  EXPECT_TRUE(std::filesystem::exists(tiny / "a.html"));
}

TEST(TrainCli, SameSeedSameBitsForAnyThreadCount) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--threads", "1", "--checkpoint", "one"})).exit_code, 0);
  ASSERT_EQ(tiny.run(tiny.quick({"--threads", "3", "--checkpoint", "three"})).exit_code, 0);
  ASSERT_EQ(tiny.run(tiny.quick({"--seed", "2", "--checkpoint", "other"})).exit_code, 0);
  EXPECT_TRUE(read_text(tiny / "one") == read_text(tiny / "three"));
  EXPECT_FALSE(read_text(tiny / "one") == read_text(tiny / "other"));
}

TEST(TrainCli, SyntheticDigitsAreCalledThat) {
  const TinyMnist tiny;
  const Outcome outcome =
      tiny.run({"--offline", "--epochs", "1", "--layers", "784,8,10", "--batch", "500", "--json", "log"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("These are synthetic digits"));
  EXPECT_THAT(outcome.out, HasSubstr("synthetic digits wrong"));
  EXPECT_EQ(json_lines(read_text(tiny / "log")).front()["data"]["synthetic"], true);
}

TEST(TrainCli, ArticleSaysWhatItReaches) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run({"--data", "digits", "--recipe", "article", "--threads", "2"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("the article states 97 % accuracy"));
  EXPECT_THAT(outcome.out, HasSubstr("96.4 to 97.1 %"));
  EXPECT_THAT(outcome.out, HasSubstr("lr 0.01 constant"));
}

TEST(TrainCli, OutputsThatAreOneFileAreRefusedHoweverSpelt) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  const std::string before = read_text(tiny / "a");
  const Outcome outcome = tiny.run({"--data", "digits", "--resume", "a", "--json", (tiny / "a").string()});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--json and --resume name the same file"));
  EXPECT_TRUE(read_text(tiny / "a") == before);
}

TEST(TrainCli, AForgottenValueDoesNotSwallowTheNextOption) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick({"--checkpoint", "--quiet"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--checkpoint: '--quiet' is not allowed"));
}

TEST(TrainCli, CudaIsRefusedPlainly) {
  const std::string why = unavailable(Device::cuda);
  if (why.empty()) GTEST_SKIP() << "there is a CUDA device";
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick({"--device", "cuda"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err,
              HasSubstr(apps::cat("--device cuda: ", why, "; use --device auto, cpu or reference")));
}

TEST(TrainCli, CudaStepsWithoutCudaAreRefusedPlainly) {
  const std::string why = unavailable(Device::cuda);
  if (why.empty()) GTEST_SKIP() << "there is a CUDA device";
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick({"--cuda-steps", "stream"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr(apps::cat("--cuda-steps stream: ", why, "; use --cuda-steps auto")));
}

TEST(TrainCli, ReferenceDeviceTrains) {
  const TinyMnist tiny(40, 20);
  const Outcome outcome = tiny.run(tiny.quick({"--device", "reference", "--json", "log"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(json_lines(read_text(tiny / "log")).front()["device"], "reference");
}

TEST(TrainCli, RecipeThatDoesNotFitTheDataIsAUsageError) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run({"--data", "digits", "--layers", "100,10"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err,
              HasSubstr("--layers: '100,10' does not fit the digits; give 784 (28 x 28 pixels) first"));
}

TEST(TrainCli, MissingDataIsAFailure) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run({"--data", "nowhere"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, StartsWith("xent-mnist: "));
  EXPECT_THAT(outcome.err, HasSubstr("nowhere"));
}

class UnwritableOutput : public ::testing::TestWithParam<const char*> {};

TEST_P(UnwritableOutput, IsFoundBeforeTraining) {
  const TinyMnist tiny;
  io::write_file_atomically(tiny / "old.jsonl", std::string_view("old\n"));
  std::filesystem::create_directory(tiny / "folder");
  for (const char* path : {"nowhere/file", "folder", "/dev/full"}) {
    const bool json = std::string_view(GetParam()) == "--json";
    std::vector<std::string> arguments = tiny.quick({GetParam(), path});
    if (!json) arguments.insert(arguments.end(), {"--json", "old.jsonl"});
    const Outcome outcome = tiny.run(arguments);
    EXPECT_EQ(outcome.exit_code, 1) << path;
    EXPECT_THAT(outcome.err, HasSubstr(apps::cat(GetParam(), ": cannot write '", path, "': ")));
    EXPECT_THAT(outcome.out, Not(HasSubstr("1/2"))) << path;
    // What other options would have written is untouched.
    EXPECT_EQ(read_text(tiny / "old.jsonl"), "old\n") << path;
  }
  EXPECT_THAT(tiny.folder().names(), ElementsAre(".stderr", "digits", "folder", "old.jsonl"));
}

INSTANTIATE_TEST_SUITE_P(Options, UnwritableOutput, ::testing::Values("--checkpoint", "--report", "--json"),
                         [](const auto& instance) { return std::string(instance.param).substr(2); });

TEST(TrainCli, FullDiskKeepsTheOlderCheckpoint) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  const std::string older = read_text(tiny / "a");
  Launch launch = tiny.launch(tiny.quick({"--seed", "2", "--checkpoint", "a"}));
  launch.in_child = [] {
    // A file may not grow beyond this: the nearest to a full disk that needs no privilege.
    const rlimit limit{.rlim_cur = 8192, .rlim_max = 8192};
    ::setrlimit(RLIMIT_FSIZE, &limit);
    std::signal(SIGXFSZ, SIG_IGN);
  };
  const Outcome outcome = run(XENT_MNIST_PROGRAM, launch);
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("File too large"));
  EXPECT_TRUE(read_text(tiny / "a") == older);
  EXPECT_THAT(tiny.folder().names(), ElementsAre(".stderr", "a", "digits"));
}

}  // namespace
}  // namespace xent::test
