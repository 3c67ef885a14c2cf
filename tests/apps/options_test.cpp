// The command line: what it accepts, and one line for what it does not.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "host/apps/mnist/errors.hpp"
#include "host/apps/mnist/options.hpp"
#include "host/apps/mnist/recipe_fit.hpp"
#include "host/apps/mnist/resume_hint.hpp"

namespace xent::mnist {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;
using ::testing::ThrowsMessage;

Command parse_words(std::vector<const char*> words) {
  words.insert(words.begin(), "xent-mnist");
  return parse_command_line(static_cast<int>(words.size()), words.data());
}

TrainOptions train_options(std::vector<const char*> words) {
  return std::get<TrainOptions>(parse_words(std::move(words)));
}

struct BadCase {
  std::vector<const char*> words;
  const char* says;
};

TEST(Options, NothingGivenIsTheDefaultRecipe) {
  const TrainOptions options = train_options({});
  EXPECT_EQ(chosen_recipe(options.recipe), mlp::named_recipe("default"));
  EXPECT_FALSE(options.data || options.json || options.report || options.checkpoint || options.resume);
}

TEST(Options, FieldsOverrideTheRecipeInAnyOrder) {
  const TrainOptions options = train_options({"--lr",
                                              "0.5",
                                              "--layers",
                                              "784,30,20,10",
                                              "--recipe",
                                              "best",
                                              "--epochs=3",
                                              "--optimizer",
                                              "adamw",
                                              "--schedule",
                                              "linear",
                                              "--warmup",
                                              "7",
                                              "--momentum",
                                              "0.5",
                                              "--weight-decay",
                                              "0.25",
                                              "--label-smoothing",
                                              "1",
                                              "--dropout",
                                              "0",
                                              "--input-dropout",
                                              "0.125",
                                              "--shift",
                                              "2",
                                              "--batch",
                                              "32",
                                              "--seed",
                                              "18446744073709551615",
                                              "--final-lr-ratio",
                                              "0.75"});
  const mlp::Recipe expected{.layers = {784, 30, 20, 10},
                             .epochs = 3,
                             .batch = 32,
                             .optimizer = mlp::Optimizer::adamw,
                             .lr = 0.5,
                             .schedule = mlp::Schedule::linear,
                             .final_lr_ratio = 0.75,
                             .warmup_steps = 7,
                             .momentum = 0.5,
                             .weight_decay = 0.25,
                             .label_smoothing = 1.0,
                             .dropout = 0.0,
                             .input_dropout = 0.125,
                             .shift = 2,
                             .seed = UINT64_MAX};
  EXPECT_EQ(chosen_recipe(options.recipe), expected);
}

TEST(Options, BadOnesGiveOneLineWithOptionValueAndRange) {
  const std::vector<BadCase> cases{
      {{"--epochs", "0"}, "--epochs: '0' is not allowed; give an integer from 1 to 10000"},
      {{"--epochs", "1.5"}, "--epochs: '1.5'"},
      {{"--epochs", "-1"}, "--epochs"},
      {{"--epochs", ""}, "--epochs"},
      {{"--batch", "99999999999999999999"}, "--batch: '99999999999999999999'"},
      {{"--lr", "0"}, "--lr: '0' is not allowed; give a number above 0 up to 1000"},
      {{"--lr", "nan"}, "--lr: 'nan'"},
      {{"--lr", "inf"}, "--lr: 'inf'"},
      {{"--lr", "0.1x"}, "--lr: '0.1x'"},
      {{"--lr", "0x10"}, "--lr: '0x10'"},
      {{"--lr"}, "--lr: give exactly one value"},
      {{"--lr", "1", "--lr", "2"}, "--lr: give exactly one value"},
      {{"--dropout", "1"}, "--dropout: '1' is not allowed; give a number from 0 to below 1"},
      {{"--layers", "784"}, "--layers: '784' is not allowed; give 2 to 16 layer widths"},
      {{"--layers", "784,,10"}, "--layers"},
      {{"--layers", "784,10,"}, "--layers"},
      {{"--layers", "784,0,10"}, "--layers"},
      {{"--optimizer", "Adam"}, "--optimizer: 'Adam' is not allowed; give one of sgd, adam, adamw"},
      {{"--schedule", "step"}, "one of constant, cosine, exponential, linear"},
      {{"--recipe", "worst"}, "one of article, default, best"},
      {{"--device", "gpu"}, "one of auto, cpu, cuda, reference"},
      {{"--cuda-steps", "fast"},
       "--cuda-steps: 'fast' is not allowed; give one of auto, resident, graph, stream"},
      {{"--device", "cpu", "--cuda-steps", "graph"},
       "--cuda-steps: 'graph' is not allowed with --device cpu; give auto"},
      {{"--cuda-steps", "stream", "--device", "reference"},
       "--cuda-steps: 'stream' is not allowed with --device reference; give auto"},
      {{"predict", "a", "b", "--cuda-steps", "graph"}, "--cuda-steps"},
      {{"--threads", "-2"}, "--threads: '-2' is not allowed; give an integer from 0 to 1024"},
      {{"--json", ""}, "--json"},
      {{"--report", "-"}, "--report: '-' is not allowed; give a path (./- for a file of that name)"},
      {{"--checkpoint", "-"}, "--checkpoint: '-' is not allowed"},
      {{"--resume", "-"}, "--resume: '-' is not allowed"},
      {{"--data", "-"}, "--data: '-' is not allowed"},
      {{"--quiet=5"}, "--quiet: takes no value"},
      {{"--offline=no"}, "--offline: takes no value"},
      {{"--layers", "65536,65536,10"}, "--layers: '65536,65536,10' is not allowed; give 2 to 16"},
      {{"--seed", "-1"}, "--seed: '-1' is not allowed; give an integer from 0 to 2^64 - 1"},
      {{"--epochs", "\x1b[2J"}, "--epochs: '\\x1b[2J' is not allowed"},
      {{"--\x1b[2J"}, "--\\x1b[2J"},
      {{"--unknown"}, "--unknown"},
      {{"word"}, "word"},
      {{"--json", "x", "--report", "./x"}, "--json and --report name the same file"},
      {{"--report", "x", "--checkpoint", "x"}, "--report and --checkpoint name the same file"},
      {{"--validate", "0"}, "--validate: '0' is not allowed; give an integer from 1 to 1000000000"},
      {{"--validate", "all"}, "--validate: 'all' is not allowed"},
      {{"--validate", "5", "--resume", "x"},
       "--resume: not allowed with --validate, which starts from the initial weights"},
      {{"--validate", "5", "--checkpoint", "x"},
       "--checkpoint: not allowed with --validate, which keeps no network"},
      {{"--report", "x", "--validate", "5"},
       "--report: not allowed with --validate, which has no training to report"},
      {{"predict", "a", "b", "--validate", "5"}, "--validate"},
      {{"predict"}, "CHECKPOINT is required"},
      {{"predict", "a"}, "IMAGE is required"},
      {{"predict", "a", "b", "--count", "0"}, "--count: '0' is not allowed"},
      {{"predict", "a", "b", "--epochs", "3"}, "--epochs"},
      {{"predict", "a", "b", "c", "--labels", "d"}, "--labels: needs exactly one IMAGE, got 2"},
  };
  for (const BadCase& bad : cases) {
    const Command command = parse_words(bad.words);
    const auto* ending = std::get_if<Ending>(&command);
    ASSERT_NE(ending, nullptr) << bad.says;
    EXPECT_EQ(ending->exit_code, kExitUsage) << bad.says;
    EXPECT_THAT(ending->text, StartsWith("xent-mnist: "));
    EXPECT_THAT(ending->text, HasSubstr(bad.says));
    EXPECT_EQ(std::count(ending->text.begin(), ending->text.end(), '\n'), 1) << ending->text;
  }
}

TEST(RecipeOptions, AnExponentialScheduleEndsAboveZero) {
  const auto chosen = [](std::vector<const char*> words) {
    return chosen_recipe(train_options(std::move(words)).recipe);
  };
  const mlp::Recipe recipe = chosen({"--recipe", "best", "--schedule", "exponential"});
  EXPECT_EQ(recipe.final_lr_ratio, mlp::Recipe{}.final_lr_ratio);
  EXPECT_EQ(chosen({"--recipe", "best"}).final_lr_ratio, 0.0);
  EXPECT_EQ(
      chosen({"--recipe", "best", "--schedule", "exponential", "--final-lr-ratio", "0.5"}).final_lr_ratio,
      0.5);
  EXPECT_EQ(chosen({"--schedule", "cosine", "--final-lr-ratio", "0"}).final_lr_ratio, 0.0);
  EXPECT_THAT(
      [&] {
        chosen({"--final-lr-ratio", "0"});
      },
      ThrowsMessage<UsageError>("--final-lr-ratio: '0' is not allowed with --schedule exponential; give a "
                                "number above 0 up to 1"));
}

TEST(RecipeFit, NamesTheOptionItsValueAndWhatTheDigitsAllow) {
  const data::Dataset digits{.count = 1, .height = 8, .width = 9};
  mlp::Recipe recipe{.layers = {72, 10}, .shift = 7};
  EXPECT_NO_THROW(check_fit(recipe, digits));
  recipe.shift = 8;
  EXPECT_THAT([&] { check_fit(recipe, digits); },
              ThrowsMessage<UsageError>(
                  "--shift: '8' is not allowed for digits of 8 x 9 pixels; give an integer from 0 to 7"));
  for (const auto& layers : std::vector<std::vector<std::int64_t>>{{784, 512, 10}, {71, 10}, {72, 11}}) {
    recipe.layers = layers;
    EXPECT_THAT(
        [&] { check_fit(recipe, digits); },
        ThrowsMessage<UsageError>(HasSubstr("' does not fit the digits; give 72 (8 x 9 pixels) first and 10 "
                                            "(classes) last")));
  }
}

TEST(Options, HelpTeachesEveryOption) {
  const auto ending = std::get<Ending>(parse_words({"--help"}));
  EXPECT_EQ(ending.exit_code, 0);
  for_each_recipe_field([&](const auto& field) { EXPECT_THAT(ending.text, HasSubstr(field.option)); });
  for (const char* piece :
       {"--data", "--offline", "--recipe", "--device", "--threads", "--checkpoint", "--resume", "--json",
        "--report", "--quiet", "--validate N", "--cuda-steps", "predict CHECKPOINT IMAGE",
        "Examples:", "Exit codes:", "exponential", "97 % accuracy"}) {
    EXPECT_THAT(ending.text, HasSubstr(piece));
  }
  for (const char c : ending.text) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~'));
}

TEST(Options, HelpAndVersionOfBothCommands) {
  EXPECT_THAT(std::get<Ending>(parse_words({"predict", "--help"})).text, HasSubstr("--index"));
  EXPECT_THAT(std::get<Ending>(parse_words({"--version"})).text, StartsWith("xent-mnist "));
}

TEST(Options, PredictTakesManyImages) {
  const auto options = std::get<PredictOptions>(
      parse_words({"predict", "net", "a.png", "b.pgm", "--index", "7", "--count", "3", "--threads", "2"}));
  EXPECT_EQ(options.checkpoint, "net");
  EXPECT_EQ(options.images, (std::vector<std::filesystem::path>{"a.png", "b.pgm"}));
  EXPECT_EQ(options.index, 7);
  EXPECT_EQ(options.count, 3);
  EXPECT_EQ(options.machine.threads, 2);
}

TEST(RecipeOptions, NamesOfEnumerationsStandInTheirOrder) {
  for (const auto optimizer : {mlp::Optimizer::sgd, mlp::Optimizer::adam, mlp::Optimizer::adamw}) {
    const mlp::Recipe recipe = chosen_recipe(train_options({"--optimizer", mlp::name(optimizer)}).recipe);
    EXPECT_EQ(recipe.optimizer, optimizer);
  }
  for (const auto schedule :
       {mlp::Schedule::constant, mlp::Schedule::cosine, mlp::Schedule::exponential, mlp::Schedule::linear}) {
    EXPECT_EQ(chosen_recipe(train_options({"--schedule", mlp::name(schedule)}).recipe).schedule, schedule);
  }
}

TEST(RecipeOptions, NameAndDescription) {
  for (const char* name : {"article", "default", "best"}) {
    mlp::Recipe recipe = mlp::named_recipe(name);
    recipe.seed = 77;
    EXPECT_EQ(recipe_name(recipe), name);
    EXPECT_EQ(recipe_description(recipe), name);
  }
  mlp::Recipe recipe = mlp::named_recipe("best");
  recipe.batch = 128;
  EXPECT_EQ(recipe_name(recipe), "custom");
  EXPECT_EQ(recipe_description(recipe), "best with batch 128");
  recipe.layers = {784, 10};
  recipe.epochs = 3;
  recipe.lr = 0.5;
  EXPECT_EQ(recipe_description(recipe), "custom");
  mlp::Recipe hidden = mlp::named_recipe("default");
  hidden.beta1 = 0.5;
  EXPECT_EQ(recipe_description(hidden), "custom") << "what has no option still counts";
}

TEST(RecipeOptions, EveryFieldCanContradict) {
  mlp::Recipe other = mlp::named_recipe("default");
  for_each_recipe_field([&](const auto& field) {
    RecipeOptions options;
    options.*field.given = other.*field.value;
    EXPECT_NO_THROW(check_agreement(options, other));
    mlp::Recipe changed = other;
    auto& value = changed.*field.value;
    if constexpr (std::is_same_v<std::remove_reference_t<decltype(value)>, std::vector<std::int64_t>>) {
      value.push_back(1);
    } else {
      value = static_cast<std::remove_reference_t<decltype(value)>>(static_cast<int>(value) == 0 ? 1 : 0);
    }
    EXPECT_THROW(check_agreement(options, changed), UsageError) << field.option;
  });
}

TEST(ResumeHint, RepeatsWhatTheCheckpointDoesNotHold) {
  const TrainOptions plain{.program = "xent-mnist"};
  EXPECT_EQ(resume_command(plain, "a.safetensors"), "xent-mnist --resume a.safetensors");
  const TrainOptions full{
      .program = "./build/x m",
      .data = "it's",
      .offline = true,
      .machine = {.device = DeviceChoice::cuda, .threads = 3, .step_path = mlp::StepPath::stream},
      .report = "r.html",
      .json = "-",
      .quiet = true};
  EXPECT_EQ(resume_command(full, "a b"),
            "'./build/x m' --resume 'a b' --data 'it'\\''s' --offline --device cuda --threads 3 --cuda-steps "
            "stream --json - --report r.html --quiet");
}

}  // namespace
}  // namespace xent::mnist
