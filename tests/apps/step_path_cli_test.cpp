// xent-mnist --cuda-steps on a CUDA device, which the program run here finds in the emulation.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/tiny_mnist.hpp"

namespace xent::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

/// Six steps on 40 digits.
std::vector<std::string> few_steps(std::vector<std::string> more, const char* layers = "784,8,10") {
  std::vector<std::string> all{"--data", "digits", "--layers", layers, "--epochs", "2", "--batch", "16"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(CudaStepsCli, TheRunTellsWhatItTakesAndWhy) {
  const TinyMnist tiny(40, 20);
  const auto told = [&](std::vector<std::string> more, const char* layers = "784,8,10") {
    more.insert(more.end(), {"--json", "log"});
    const Outcome outcome = tiny.run(few_steps(std::move(more), layers));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    const Json steps = json_lines(read_text(tiny / "log")).front()["step_path"];
    EXPECT_THAT(outcome.out, HasSubstr("\nsteps    " + steps["name"].get<std::string>() + " (" +
                                       steps["why"].get<std::string>() + ")\n"));
    return steps["name"].get<std::string>() + ": " + steps["why"].get<std::string>();
  };
  EXPECT_EQ(told({}), "resident: the network stays on chip, on 2 multiprocessors with 4 hidden units each");
  EXPECT_EQ(told({}, "784,8,8,10"),
            "graph: the network cannot stay on chip: it has 2 hidden layers, must have 1");
  for (const std::string path : {"resident", "graph", "stream"}) {
    EXPECT_EQ(told({"--cuda-steps", path, "--report", path + ".html"}), path + ": asked for");
    EXPECT_THAT(read_text(tiny / (path + ".html")), HasSubstr(path + ", asked for"));
  }
}

/// Speed is chosen, not what is saved: between graph and stream no bit, and no path is in the checkpoint.
TEST(CudaStepsCli, IsNoPartOfTheCheckpoint) {
  const TinyMnist tiny(40, 20);
  const auto saved = [&](const std::string& path) {
    const Outcome outcome = tiny.run(few_steps({"--cuda-steps", path, "--checkpoint", path}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    return read_text(tiny / path);
  };
  const std::string graph = saved("graph");
  EXPECT_TRUE(graph == saved("stream"));
  EXPECT_THAT(graph, Not(HasSubstr("stream")));
  saved("resident");
  const Outcome resumed =
      tiny.run({"--data", "digits", "--resume", "resident", "--cuda-steps", "stream", "--quiet"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.err;
}

TEST(CudaStepsCli, WhatCannotBeNamesTheOptionTheValueAndWhy) {
  const TinyMnist tiny(40, 20);
  for (const char* validate : {"", "2"}) {
    std::vector<std::string> words = few_steps({"--cuda-steps", "resident"}, "784,8,8,10");
    if (*validate != '\0') words.insert(words.end(), {"--validate", validate});
    const Outcome outcome = tiny.run(words);
    EXPECT_EQ(outcome.exit_code, 1);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_EQ(
        outcome.err,
        "xent-mnist: --cuda-steps: trainer: path is resident, and the network cannot stay on chip: it has 2 "
        "hidden layers, must have 1; use --cuda-steps auto, graph or stream\n");
  }
}

TEST(CudaStepsCli, EachPathIsValidated) {
  const TinyMnist tiny(40, 20);
  for (const char* path : {"resident", "graph", "stream"}) {
    const Outcome outcome = tiny.run(few_steps({"--validate", "3", "--cuda-steps", path}));
    EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
    EXPECT_THAT(outcome.out, HasSubstr(std::string("\nsteps    ") + path + " (asked for)\n"));
  }
}

}  // namespace
}  // namespace xent::test
