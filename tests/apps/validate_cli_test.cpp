// xent-mnist --validate as a user meets it.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/apps/mnist/validation_text.hpp"
#include "tests/apps/tiny_mnist.hpp"

namespace xent::test {
namespace {

using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

TEST(ValidateCli, PrintsATableAndAVerdict) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick({"--validate", "6", "--device", "cpu"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(outcome.out,
              AllOf(HasSubstr("\njudge    the reference in double, on the first 6 of 10 steps\n"),
                    HasSubstr("\nfc1.weight "), HasSubstr("\nfc2.bias "), HasSubstr("\nloss "),
                    HasSubstr("\nrepetition  gives the same bits\n"),
                    HasSubstr("\nvalidated: 6 steps within what rounding explains, wall clock ")));
  EXPECT_THAT(outcome.out, AllOf(Not(HasSubstr("epoch ")), Not(HasSubstr("test accuracy"))));
}

TEST(ValidateCli, JsonHoldsEveryFigure) {
  const TinyMnist tiny;
  const Outcome outcome =
      tiny.run(tiny.quick({"--validate", "3", "--device", "cpu", "--json", "-", "--quiet"}));
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.err, IsEmpty());
  const std::vector<Json> lines = json_lines(outcome.out);
  ASSERT_THAT(lines, SizeIs(2));
  EXPECT_EQ(lines[0]["event"], "start");
  EXPECT_EQ(lines[1]["event"], "validation");
  EXPECT_EQ(lines[1]["within"], true);
  EXPECT_EQ(lines[1]["steps"], 3);
  EXPECT_EQ(lines[1]["repeatable"], true);
  ASSERT_EQ(lines[1]["tensors"].size(), 4U);
  const Json& tensor = lines[1]["tensors"][0];
  EXPECT_EQ(tensor["name"], "fc1.weight");
  for (const char* kind : {"gradient", "update"}) {
    EXPECT_GT(tensor[kind]["deviation"], 0.0);
    EXPECT_LT(tensor[kind]["deviation"], tensor[kind]["allowed"]);
    EXPECT_GE(tensor[kind]["step"], 1);
  }
  EXPECT_GT(tensor["drift"], 0.0);
  EXPECT_GT(tensor["drift_rms"], 0.0);
}

TEST(ValidateCli, QuietPrintsNothingAndNothingIsLeft) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick({"--validate", "1", "--device", "reference", "--quiet"}));
  EXPECT_EQ(outcome.exit_code, 0);
  EXPECT_THAT(outcome.out, IsEmpty());
  EXPECT_THAT(outcome.err, IsEmpty());
  EXPECT_THAT(tiny.folder().names(), ElementsAre(".stderr", "digits"));
}

TEST(ValidateCli, NoMoreStepsThanTheRecipeHas) {
  const TinyMnist tiny;
  EXPECT_EQ(tiny.run(tiny.quick({"--validate", "10", "--quiet"})).exit_code, 0);
  const Outcome outcome = tiny.run(tiny.quick({"--validate", "11", "--json", "log"}));
  EXPECT_EQ(outcome.exit_code, 2);
  EXPECT_THAT(outcome.err, HasSubstr("--validate: '11' is not allowed for a run of 10 steps; give an integer "
                                     "from 1 to 10\n"));
  EXPECT_FALSE(std::filesystem::exists(tiny / "log"));
}

TEST(ValidateCli, DivergenceIsAFailure) {
  const TinyMnist tiny;
  const Outcome outcome = tiny.run(tiny.quick({"--validate", "10", "--optimizer", "sgd", "--lr", "1000",
                                               "--weight-decay", "100", "--device", "cpu", "--quiet"}));
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, AllOf(HasSubstr("xent-mnist: --validate: the training diverged in step "),
                                 HasSubstr("try --lr below 1000\n")));
}

TEST(ValidationText, NamesWhatIsBeyondItsBound) {
  mlp::Validation found{.steps = 3,
                        .loss = {.value = 1e-7, .allowed = 1e-5, .step = 2},
                        .correct = {.value = 0, .allowed = 1, .step = 1},
                        .tensors = {{.name = "fc1.weight",
                                     .gradient = {.value = 1.04e-3, .allowed = 1e-5, .step = 3},
                                     .update = {.value = 1e-8, .allowed = 1e-6, .step = 1}}}};
  EXPECT_EQ(mnist::complaint(found),
            "the gradient of fc1.weight deviates by 1.0e-03 in step 3, allowed is 1.0e-05");
  found.repeatable = false;
  EXPECT_THAT(mnist::complaint(found), HasSubstr("1.0e-05; the same steps again give other bits"));
  const std::vector<std::string> table = mnist::validation_table(found);
  ASSERT_THAT(table, SizeIs(5));
  EXPECT_THAT(table.back(), HasSubstr("other bits"));
  for (const std::string& line : table) EXPECT_LE(line.size(), 77U);
  found.tensors[0].gradient.value = 0.0;
  found.repeatable = true;
  EXPECT_EQ(mnist::complaint(found), "");
}

}  // namespace
}  // namespace xent::test
