// Training whose loss stops being a number: said, ended, and nothing good overwritten.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "tests/apps/tiny_mnist.hpp"

namespace xent::test {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::MatchesRegex;

/// Decay that multiplies the weights by -99999 in each step.
const std::vector<std::string> kAtOnce{"--optimizer", "sgd", "--lr", "1000", "--weight-decay", "100"};
/// The same in some tens of epochs: the rate passes what the weights bear on its way up.
const std::vector<std::string> kLater{"--data", "digits",   "--layers",       "784,16,10",   "--epochs",
                                      "60",     "--warmup", "1000000",        "--optimizer", "sgd",
                                      "--lr",   "1000",     "--weight-decay", "100"};

std::vector<std::string> joined(std::vector<std::string> all, const std::vector<std::string>& more) {
  all.insert(all.end(), more.begin(), more.end());
  return all;
}

TEST(DivergenceCli, EndsWithAnErrorAndKeepsTheCheckpointThatWasThere) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a", "--quiet"})).exit_code, 0);
  const std::string good = read_text(tiny / "a");
  const Outcome outcome = tiny.run(
      joined(tiny.quick(kAtOnce), {"--checkpoint", "a", "--report", "a.html", "--json", "log", "--quiet"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(
      outcome.err,
      MatchesRegex("xent-mnist: the training diverged in epoch 1.*: the (test )?loss is not a finite number; "
                   "most likely the learning rate is too high, try --lr below 1000; 'a' keeps what was saved "
                   "before\n"));
  EXPECT_TRUE(read_text(tiny / "a") == good);
  EXPECT_FALSE(std::filesystem::exists(tiny / "a.html"));
  const std::vector<Json> lines = json_lines(read_text(tiny / "log"));
  ASSERT_EQ(lines.size(), 2U);
  EXPECT_EQ(lines[1]["event"], "diverged");
}

TEST(DivergenceCli, WithoutACheckpointToo) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick(kAtOnce));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("try --lr below 1000\n"));
}

TEST(DivergenceCli, KeepsTheLastGoodEpochOfItsOwn) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(joined(kLater, {"--checkpoint", "a", "--json", "log"}));
  ASSERT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("'a' keeps what was saved before"));
  const std::vector<Json> lines = json_lines(read_text(tiny / "log"));
  ASSERT_GT(lines.size(), 3U);
  for (std::size_t i = 1; i + 1 < lines.size(); ++i) EXPECT_TRUE(lines[i]["test_loss"].is_number()) << i;
  // What was kept is whole and sound, and going on from it ends the same way.
  EXPECT_EQ(tiny.run({"predict", "a", "digits/t10k-images-idx3-ubyte"}).exit_code, 0);
  const Outcome again = tiny.run({"--resume", "a", "--data", "digits", "--json", "log"});
  EXPECT_EQ(again.exit_code, 1);
  EXPECT_EQ(json_lines(read_text(tiny / "log")).back()["step_in_epoch"], lines.back()["step_in_epoch"]);
}

/// Puts NaN where a tensor's first number is.
void spoil(const std::filesystem::path& checkpoint, const std::string& tensor) {
  std::string bytes = read_text(checkpoint);
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), sizeof header);
  const Json json = Json::parse(bytes.substr(8, header));
  const auto at = 8 + header + json[tensor]["data_offsets"][0].get<std::uint64_t>();
  const float nan = std::nanf("");
  std::memcpy(bytes.data() + at, &nan, sizeof nan);
  std::ofstream(checkpoint, std::ios::binary) << bytes;
}

TEST(DivergenceCli, ADivergedNetworkIsNotRead) {
  const TinyMnist tiny;
  ASSERT_EQ(tiny.run(tiny.quick({"--checkpoint", "a"})).exit_code, 0);
  spoil(tiny / "a", "fc2.bias");
  const Outcome read = tiny.run({"predict", "a", "digits/t10k-images-idx3-ubyte"});
  EXPECT_EQ(read.exit_code, 1);
  EXPECT_THAT(read.out, IsEmpty());
  EXPECT_THAT(read.err, AllOf(HasSubstr("'a'"), HasSubstr("its training diverged")));
  const Outcome resumed = tiny.run({"--resume", "a", "--data", "digits", "--report", "a.html"});
  EXPECT_EQ(resumed.exit_code, 1);
  EXPECT_THAT(resumed.err, HasSubstr("epoch 2: the test loss is not a finite number"));
}

}  // namespace
}  // namespace xent::test
