// xent-info: what it says, and what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/apps/process.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::test {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

Outcome info(std::vector<std::string> arguments) {
  const TemporaryFolder folder;
  return run(XENT_INFO_PROGRAM, {.arguments = std::move(arguments), .folder = folder.path()});
}

TEST(InfoCli, DescribesTheBuild) {
  const Outcome outcome = info({});
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, StartsWith("xent "));
  EXPECT_THAT(outcome.out, HasSubstr("devices   cpu, reference"));
}

TEST(InfoCli, PlansACallOnBothKindsOfDevice) {
  const Outcome outcome = info({"plan", "cross_entropy", "--rows", "8192", "--classes", "128256", "--dtype",
                                "bf16", "--grad", "--bandwidth", "1000"});
  EXPECT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("cpu: a row along the lanes"));
  EXPECT_THAT(outcome.out, HasSubstr("4 blocks of a cluster"));
  EXPECT_THAT(outcome.out, HasSubstr("on h200 (sm_90, 132 multiprocessors): occupancy 50 %"));
  EXPECT_THAT(outcome.out, HasSubstr("reads 2101346304 B, writes 2101346304 B"));
  EXPECT_THAT(outcome.out, HasSubstr("at 1000 GB/s that takes 4.203 ms at the least"));
}

TEST(InfoCli, CountsWhatAnOptionAddsToRead) {
  const auto bytes = [](std::vector<std::string> more) {
    std::vector<std::string> all{"plan", "cross_entropy", "--rows", "10", "--classes", "100"};
    all.insert(all.end(), more.begin(), more.end());
    return info(all).out;
  };
  EXPECT_THAT(bytes({}), HasSubstr("reads 4000 B, writes 0 B"));
  EXPECT_THAT(bytes({"--grad"}), HasSubstr("reads 4000 B, writes 4000 B"));
  EXPECT_THAT(bytes({"--soft-targets"}), HasSubstr("reads 8000 B, writes 0 B"));
  EXPECT_THAT(bytes({"--gpu", "t4"}), HasSubstr("sm_75"));
}

TEST(InfoCli, RefusesWhatItDoesNotUnderstand) {
  const auto refused = [](std::vector<std::string> arguments, const char* because) {
    const Outcome outcome = info(std::move(arguments));
    EXPECT_EQ(outcome.exit_code, 2);
    EXPECT_THAT(outcome.out, IsEmpty());
    EXPECT_THAT(outcome.err, HasSubstr(because));
  };
  refused({"plans"}, "Usage");
  refused({"plan"}, "op");
  refused({"plan", "gelu", "--rows", "1", "--classes", "1"}, "gelu");
  refused({"plan", "softmax", "--rows", "0", "--classes", "1"}, "--rows");
  refused({"plan", "softmax", "--rows", "1", "--classes", "-3"}, "--classes");
  refused({"plan", "softmax", "--rows", "1", "--classes", "10", "--gpu", "voodoo2"}, "--gpu");
  refused({"plan", "softmax", "--rows", "1", "--classes", "10", "--soft-targets"}, "--soft-targets");
  refused({"plan", "softmax", "--rows", "1000000000", "--classes", "1000000000"}, "--rows");
}

}  // namespace
}  // namespace xent::test
