// Ctrl-C and --resume: nothing lost, and not a bit different.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <thread>

#include "tests/apps/tiny_mnist.hpp"

namespace xent::test {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::vector<std::string> long_run(std::vector<std::string> more) {
  std::vector<std::string> all{"--data", "digits",    "--layers", "784,16,10", "--epochs",
                               "80",     "--dropout", "0.2",      "--shift",   "1"};
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

/// Starts the run with its log on a narrow pipe, reads `lines` of it and sends the signal: the child cannot
/// have ended, for it waits to write.
Outcome interrupted_after(const TinyMnist& tiny, std::vector<std::string> arguments, int lines, int signal) {
  arguments.insert(arguments.end(), {"--json", "-"});
  Child child(XENT_MNIST_PROGRAM, tiny.launch(std::move(arguments)));
  for (int i = 0; i < lines; ++i) EXPECT_TRUE(child.read_line().has_value());
  child.send(signal);
  return child.finish();
}

/// The same figures, timings aside.
std::vector<Json> without_timings(std::vector<Json> lines) {
  for (Json& line : lines) {
    for (const char* key : {"seconds", "samples_per_second", "train_seconds", "wall_seconds", "resumed"})
      line.erase(key);
  }
  return lines;
}

TEST(ResumeCli, InterruptedAndResumedIsTheSameRunToTheLastBit) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(long_run({"--checkpoint", "straight", "--json", "straight.jsonl", "--quiet"})).exit_code,
            0);

  const Outcome stopped = interrupted_after(tiny, long_run({"--checkpoint", "a"}), 6, SIGINT);
  EXPECT_EQ(stopped.exit_code, 130);
  EXPECT_THAT(stopped.err, HasSubstr("--resume a "));
  EXPECT_EQ(json_lines(stopped.out).back()["event"], "interrupted");
  EXPECT_FALSE(read_text(tiny / "a") == read_text(tiny / "straight"));

  const Outcome again =
      interrupted_after(tiny, {"--resume", "a", "--data", "digits", "--threads", "2"}, 30, SIGTERM);
  EXPECT_EQ(again.exit_code, 130);

  const Outcome resumed =
      tiny.run({"--resume", "a", "--data", "digits", "--threads", "1", "--json", "a.jsonl"});
  ASSERT_EQ(resumed.exit_code, 0) << resumed.err;
  EXPECT_TRUE(read_text(tiny / "a") == read_text(tiny / "straight"));
  EXPECT_EQ(without_timings(json_lines(read_text(tiny / "a.jsonl"))).back(),
            without_timings(json_lines(read_text(tiny / "straight.jsonl"))).back());
  const auto straight = without_timings(json_lines(read_text(tiny / "straight.jsonl")));
  const auto pieces = without_timings(json_lines(read_text(tiny / "a.jsonl")));
  ASSERT_EQ(pieces.size(), straight.size());
  for (std::size_t i = 1; i < pieces.size(); ++i) EXPECT_EQ(pieces[i], straight[i]) << i;
}

TEST(ResumeCli, WithinAnEpochToo) {
  // Many steps of one image: the epoch is long enough for the signal to fall inside it.
  const TinyMnist tiny(3000, 50);
  const auto arguments = [](const char* checkpoint) -> std::vector<std::string> {
    return {"--data", "digits",       "--layers", "784,64,10", "--epochs", "2",      "--batch",
            "1",      "--checkpoint", checkpoint, "--json",    "log",      "--quiet"};
  };
  ASSERT_EQ(tiny.run(arguments("straight")).exit_code, 0);
  // Where it falls is up to the scheduler: early, late or on a boundary gets another chance.
  bool within = false;
  for (int attempt = 0; attempt < 10 && !within; ++attempt) {
    Child child(XENT_MNIST_PROGRAM, tiny.launch(arguments("a")));
    std::this_thread::sleep_for(std::chrono::milliseconds(40 + 40 * attempt));
    child.send(SIGINT);
    within =
        child.finish().exit_code == 130 && json_lines(read_text(tiny / "log")).back()["step_in_epoch"] > 0;
  }
  ASSERT_TRUE(within);
  ASSERT_EQ(tiny.run({"--resume", "a", "--data", "digits", "--quiet"}).exit_code, 0);
  EXPECT_TRUE(read_text(tiny / "a") == read_text(tiny / "straight"));
}

TEST(ResumeCli, WithoutANameItSavesUnderAFreeOne) {
  const TinyMnist tiny;
  io::write_file_atomically(tiny / "xent-mnist.safetensors", std::string_view("somebody's"));
  const Outcome outcome = interrupted_after(tiny, long_run({"--quiet"}), 3, SIGINT);
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_EQ(read_text(tiny / "xent-mnist.safetensors"), "somebody's");
  EXPECT_THAT(outcome.err, EndsWith(" --resume xent-mnist-2.safetensors --data digits --json - --quiet\n"));
  EXPECT_EQ(tiny.run({"--resume", "xent-mnist-2.safetensors", "--data", "digits", "--quiet"}).exit_code, 0);
}

TEST(ResumeCli, WhereItCannotSaveItUsesTheFolderForTemporaryFiles) {
  const TinyMnist tiny(3000, 50);
  std::filesystem::create_directories(tiny / "out/deep");
  std::filesystem::create_directory(tiny / "tmp");
  std::ofstream(tiny / "tmp/xent-mnist.safetensors") << "somebody's";
  // One long epoch of many steps, so that the folder is lost before anything is saved.
  Launch launch = tiny.launch({"--data", "digits", "--layers", "784,64,10", "--epochs", "1", "--batch", "1",
                               "--checkpoint", "out/deep/a", "--json", "-"});
  launch.environment = {{"TMPDIR", (tiny / "tmp").string()}};
  Child child(XENT_MNIST_PROGRAM, launch);
  ASSERT_TRUE(child.read_line().has_value());
  std::filesystem::remove_all(tiny / "out");
  child.send(SIGINT);
  const Outcome outcome = child.finish();
  EXPECT_EQ(outcome.exit_code, 130) << outcome.err;
  EXPECT_THAT(outcome.err,
              HasSubstr("--checkpoint: cannot write 'out/deep/a': No such file or directory; saving to"));
  const std::string saved = (tiny / "tmp/xent-mnist-2.safetensors").string();
  EXPECT_THAT(outcome.err, HasSubstr("--resume " + saved));
  EXPECT_EQ(json_lines(outcome.out).back()["checkpoint"], saved);
  EXPECT_EQ(read_text(tiny / "tmp/xent-mnist.safetensors"), "somebody's");
  EXPECT_EQ(tiny.run({"--resume", saved, "--data", "digits", "--quiet"}).exit_code, 0);
}

TEST(ResumeCli, ALostTerminalSaves) {
  const TinyMnist tiny;
  const Outcome outcome = interrupted_after(tiny, long_run({"--checkpoint", "a"}), 3, SIGHUP);
  EXPECT_EQ(outcome.exit_code, 130);
  EXPECT_TRUE(std::filesystem::exists(tiny / "a"));
}

TEST(ResumeCli, SignalsThatWereIgnoredStaySo) {
  const TinyMnist tiny;
  Launch launch = tiny.launch(tiny.quick({"--epochs", "30", "--json", "-", "--quiet"}));
  launch.arguments.erase(launch.arguments.begin() + 4, launch.arguments.begin() + 6);  // the other --epochs
  launch.in_child = [] {
    for (const int signal : {SIGHUP, SIGINT, SIGTERM}) std::signal(signal, SIG_IGN);
  };
  Child child(XENT_MNIST_PROGRAM, launch);
  ASSERT_TRUE(child.read_line().has_value());
  for (const int signal : {SIGHUP, SIGINT, SIGTERM}) child.send(signal);
  const Outcome outcome = child.finish();
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_EQ(json_lines(outcome.out).back()["event"], "final");
}

TEST(ResumeCli, SecondSignalStopsAtOnce) {
  const TinyMnist tiny;
  Child child(XENT_MNIST_PROGRAM, tiny.launch(long_run({"--json", "-", "--quiet"})));
  ASSERT_TRUE(child.wait_until_blocked());
  child.send(SIGINT);
  EXPECT_TRUE(child.wait_until_blocked()) << "the first signal alone does not end a write";
  child.send(SIGINT);
  const Outcome outcome = child.finish();
  EXPECT_EQ(outcome.signal, SIGINT);
  EXPECT_THAT(outcome.err, IsEmpty());
}

TEST(ResumeCli, AFinishedRunIsTestedAndReported) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  const std::string before = read_text(tiny / "a");
  const Outcome outcome =
      tiny.run({"--resume", "a", "--data", "digits", "--json", "log", "--report", "a.html"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_TRUE(read_text(tiny / "a") == before);
  EXPECT_EQ(json_lines(read_text(tiny / "log")).size(), 4U);
  EXPECT_TRUE(json_lines(read_text(tiny / "log"))[1]["seconds"].is_null());
  EXPECT_THAT(read_text(tiny / "a.html"), HasSubstr("earlier"));
}

TEST(ResumeCli, AFinishedRunIsSavedOnlyWhereItIsNotYet) {
  const TinyMnist tiny(40, 20);
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  const std::string before = read_text(tiny / "a");
  const auto resume = [&](const char* checkpoint) {
    return tiny.run(
        {"--resume", "a", "--data", "digits", "--device", "reference", "--checkpoint", checkpoint});
  };
  // Saved again, the reference's doubles would take twice the room.
  ASSERT_EQ(resume("./a").exit_code, 0);
  EXPECT_TRUE(read_text(tiny / "a") == before);
  ASSERT_EQ(resume("b").exit_code, 0);
  EXPECT_GT(read_text(tiny / "b").size(), before.size());
}

TEST(ResumeCli, WhatNeedsNoDigitsIsFoundOutBeforeTheyAreLookedFor) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  const auto says = [&](std::vector<std::string> arguments, const char* what) {
    arguments.insert(arguments.end(), {"--data", "nowhere"});
    EXPECT_THAT(tiny.run(arguments).err, HasSubstr(what));
  };
  says({"--resume", "a", "--epochs", "3"}, "--epochs 3 contradicts");
  says({"--resume", "missing"}, "--resume: cannot read 'missing': No such file");
  says({"--final-lr-ratio", "0"}, "--final-lr-ratio: '0'");
  says({"--resume", "a"}, "nowhere");
}

TEST(ResumeCli, OptionsThatContradictTheCheckpointAreRefused) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  const std::string before = read_text(tiny / "a");
  const auto resume = [&](const char* option, const char* value) {
    return tiny.run({"--resume", "a", "--data", "digits", option, value});
  };
  EXPECT_EQ(resume("--epochs", "2").exit_code, 0) << "agreeing is not contradicting";
  const Outcome outcome = resume("--epochs", "3");
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--epochs 3 contradicts the checkpoint's 2"));
  EXPECT_EQ(resume("--layers", "784,17,10").exit_code, 2);
  EXPECT_EQ(resume("--optimizer", "sgd").exit_code, 2);
  EXPECT_EQ(resume("--seed", "2").exit_code, 2);
  EXPECT_EQ(resume("--recipe", "best").exit_code, 2);
  EXPECT_TRUE(read_text(tiny / "a") == before);
}

TEST(ResumeCli, OtherDigitsAreRefused) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  std::filesystem::create_directory(tiny / "others");
  const data::TrainTest others = data::synthetic_digits({.train = 300, .test = 100, .seed = 2});
  write_idx(tiny / "others", "train", others.train);
  write_idx(tiny / "others", "t10k", others.test);
  const Outcome outcome = tiny.run({"--resume", "a", "--data", "others"});
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--resume: 'a': the checkpoint was saved while training on 300 images"));
}

TEST(ResumeCli, DamagedCheckpointIsAFailure) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  const std::string whole = read_text(tiny / "a");
  io::write_file_atomically(tiny / "cut", std::string_view(whole).substr(0, whole.size() / 2));
  for (const char* file : {"cut", "missing", "digits/t10k-labels-idx1-ubyte"}) {
    const Outcome outcome = tiny.run({"--resume", file, "--data", "digits"});
    EXPECT_EQ(outcome.exit_code, 1) << file;
    EXPECT_THAT(outcome.err, HasSubstr(file));
    EXPECT_THAT(outcome.err, ::testing::Not(HasSubstr("\n\n")));
  }
}

}  // namespace
}  // namespace xent::test
