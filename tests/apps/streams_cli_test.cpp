// Standard streams that are closed, full or a terminal to be protected.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fcntl.h>
#include <unistd.h>

#include "tests/apps/tiny_mnist.hpp"

namespace xent::test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

TEST(StreamsCli, WhatIsPrintedOnClosedStreamsLandsInNoFile) {
  const TinyMnist tiny;
  Launch launch = tiny.launch(tiny.quick({"--json", "log", "--report", "a.html", "--checkpoint", "a"}));
  launch.in_child = [] {
    for (const int stream : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) ::close(stream);
  };
  ASSERT_EQ(run(XENT_MNIST_PROGRAM, launch).exit_code, 0);
  EXPECT_EQ(json_lines(read_text(tiny / "log")).size(), 4U);
}

/// With its output on a device that takes nothing.
Outcome run_full(const TinyMnist& tiny, std::vector<std::string> arguments) {
  Launch launch = tiny.launch(std::move(arguments));
  launch.in_child = [] { ::dup2(::open("/dev/full", O_WRONLY), STDOUT_FILENO); };
  return run(XENT_MNIST_PROGRAM, launch);
}

TEST(StreamsCli, OutputThatIsLostIsAFailure) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  const std::vector<std::vector<std::string>> commands{
      tiny.quick(), {"predict", "a", "digits/t10k-images-idx3-ubyte"}, {"--help"}, {"--version"}};
  for (const auto& command : commands) {
    const Outcome outcome = run_full(tiny, command);
    EXPECT_EQ(outcome.exit_code, 1) << command.front();
    EXPECT_THAT(outcome.err, HasSubstr("cannot write to standard output")) << command.front();
  }
  const Outcome json = run_full(tiny, tiny.quick({"--json", "-"}));
  EXPECT_EQ(json.exit_code, 1);
  EXPECT_THAT(json.err, HasSubstr("--json: cannot write '-': No space left on device"));
}

TEST(StreamsCli, NoNameOrHeaderSteersTheTerminal) {
  const TinyMnist tiny;
  const std::string name = "a\x1b[2J\n";
  const auto run = [&](std::vector<std::string> arguments) {
    const Outcome outcome = tiny.run(std::move(arguments));
    EXPECT_THAT(outcome.out, Not(HasSubstr("\x1b")));
    EXPECT_THAT(outcome.err, Not(HasSubstr("\x1b")));
    return outcome;
  };
  const Outcome trained = run(tiny.quick({"--checkpoint", name}));
  ASSERT_EQ(trained.exit_code, 0);
  EXPECT_THAT(trained.out, HasSubstr("a\\x1b[2J\\x0a"));
  std::filesystem::copy(tiny / "digits/t10k-images-idx3-ubyte", tiny / "b\x1b[2J");
  EXPECT_EQ(run({"predict", name, "b\x1b[2J"}).exit_code, 0);
  EXPECT_EQ(run({"predict", "absent\x1b[2J", "b"}).exit_code, 1);
  // A hostile file may bring its escapes along.
  const std::string header = "{\"__metadata__\":{\"xent.version\":\"\\u001b[2J\"}}";
  std::ofstream(tiny / "hostile") << static_cast<char>(header.size()) << std::string(7, '\0') << header;
  const Outcome hostile = run({"predict", "hostile", "b"});
  EXPECT_EQ(hostile.exit_code, 1);
  EXPECT_THAT(hostile.err, HasSubstr("\\x1b[2J"));
}

}  // namespace
}  // namespace xent::test
