// Named recipes, the limits of every field, and their way through text and back.
#include "host/mlp/recipe.hpp"

#include <functional>
#include <limits>
#include <string>

#include <gtest/gtest.h>
#include <xent/error.hpp>

#include "host/mlp/recipe_fields.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

TEST(Recipe, NamedOnesAreSound) {
  for (const char* known : {"article", "default", "best"})
    EXPECT_NO_THROW(check(named_recipe(known))) << known;
  EXPECT_EQ(named_recipe("default"), Recipe{});
  EXPECT_ERROR(InvalidArgument, "\"quick\", must be article, default or best", named_recipe("quick"));
}

TEST(Recipe, TheArticleIsAdamAtConstantLrAndNothingElse) {
  const Recipe recipe = named_recipe("article");
  EXPECT_EQ(recipe.layers, (std::vector<std::int64_t>{784, 512, 10}));
  EXPECT_EQ(recipe.optimizer, Optimizer::adam);
  EXPECT_EQ(recipe.schedule, Schedule::constant);
  EXPECT_EQ(recipe.lr, 0.01);
  EXPECT_EQ(recipe.batch, 64);
  EXPECT_EQ(recipe.epochs, 10);
  EXPECT_EQ(recipe.warmup_steps + recipe.shift, 0);
  EXPECT_EQ(recipe.weight_decay + recipe.label_smoothing + recipe.dropout + recipe.input_dropout, 0.0);
}

TEST(Recipe, NamesOfOptimizersAndSchedules) {
  for (const Optimizer each : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    EXPECT_EQ(optimizer_from(name(each)), each);
  }
  for (const Schedule each :
       {Schedule::constant, Schedule::cosine, Schedule::exponential, Schedule::linear}) {
    EXPECT_EQ(schedule_from(name(each)), each);
  }
  EXPECT_ERROR(InvalidArgument, "sgd, adam or adamw", optimizer_from("Adam"));
  EXPECT_ERROR(InvalidArgument, "constant, cosine, exponential or linear", schedule_from("step"));
}

struct Refused {
  const char* message;
  std::function<void(Recipe&)> spoil;
};

class RefusedRecipe : public testing::TestWithParam<Refused> {};

TEST_P(RefusedRecipe, NamesFieldAndRange) {
  Recipe recipe;
  GetParam().spoil(recipe);
  EXPECT_ERROR(InvalidArgument, GetParam().message, check(recipe));
}

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedRecipe,
    testing::Values(
        Refused{"number of layers (input and output included) is 1", [](Recipe& r) { r.layers = {10}; }},
        Refused{"layer's width is 0, must be from 1",
                [](Recipe& r) {
                  r.layers = {784, 0, 10};
                }},
        Refused{"layer's width is -5",
                [](Recipe& r) {
                  r.layers = {784, -5, 10};
                }},
        Refused{"layer's width is 1099511627776",
                [](Recipe& r) {
                  r.layers = {784, 1LL << 40U, 10};
                }},
        Refused{"number of weights is",
                [](Recipe& r) {
                  r.layers = {1 << 20, 1 << 20, 10};
                }},
        Refused{"number of layers", [](Recipe& r) { r.layers.assign(65, 10); }},
        Refused{"epochs is 0", [](Recipe& r) { r.epochs = 0; }},
        Refused{"batch is -1", [](Recipe& r) { r.batch = -1; }},
        Refused{"warmup_steps is -1", [](Recipe& r) { r.warmup_steps = -1; }},
        Refused{"shift is -1", [](Recipe& r) { r.shift = -1; }},
        Refused{"lr is 0, must be finite and above 0", [](Recipe& r) { r.lr = 0.0; }},
        Refused{"lr is nan", [](Recipe& r) { r.lr = kNan; }},
        Refused{"lr is inf", [](Recipe& r) { r.lr = kInf; }},
        Refused{"final_lr_ratio is 1.5, must be in [0, 1]", [](Recipe& r) { r.final_lr_ratio = 1.5; }},
        Refused{"final_lr_ratio is 0, must be above 0 for the exponential",
                [](Recipe& r) {
                  r.schedule = Schedule::exponential;
                  r.final_lr_ratio = 0.0;
                }},
        Refused{"momentum is 1, must be in [0, 1)", [](Recipe& r) { r.momentum = 1.0; }},
        Refused{"beta1 is nan", [](Recipe& r) { r.beta1 = kNan; }},
        Refused{"beta2 is -0.1", [](Recipe& r) { r.beta2 = -0.1; }},
        Refused{"epsilon is 0", [](Recipe& r) { r.epsilon = 0.0; }},
        Refused{"weight_decay is -1", [](Recipe& r) { r.weight_decay = -1.0; }},
        Refused{"label_smoothing is 1.1", [](Recipe& r) { r.label_smoothing = 1.1; }},
        Refused{"dropout is 1, must be in [0, 1)", [](Recipe& r) { r.dropout = 1.0; }},
        Refused{"input_dropout is nan", [](Recipe& r) { r.input_dropout = kNan; }}));

TEST(RecipeFields, SurviveTextExactly) {
  Recipe recipe = test::busy_recipe(Optimizer::adamw);
  recipe.lr = 0.1 + 0.2;  // needs all 17 digits
  recipe.epsilon = 1e-300;
  recipe.seed = std::numeric_limits<std::uint64_t>::max();
  Progress progress{.epoch = 3, .step_in_epoch = 4, .step = 1LL << 40U, .epoch_loss_sum = 1.0 / 3.0};
  Fields fields;
  write_fields(recipe, fields);
  write_fields(progress, fields);
  EXPECT_EQ(read_recipe(fields), recipe);
  EXPECT_EQ(read_progress(fields), progress);
}

TEST(RecipeFields, RefuseWhatIsMissingOrNotOfItsType) {
  Fields good;
  write_fields(Recipe{}, good);
  for (const auto& [field, text] : good) {
    Fields fields = good;
    fields.erase(field);
    EXPECT_ERROR(InvalidArgument, field + " is missing", read_recipe(fields));
    for (const char* bad : {"", " 1", "1 ", "1,", "x", "0x10", "99999999999999999999", "1e999"}) {
      fields[field] = bad;
      // A layer list and a number may take what the others may not; the rest of this loop is refused by all.
      if (field == "recipe.layers" || std::string(bad) != "99999999999999999999") {
        EXPECT_THROW(read_recipe(fields), InvalidArgument) << field << " = '" << bad << "'";
      }
    }
  }
}

}  // namespace
}  // namespace xent::mlp
