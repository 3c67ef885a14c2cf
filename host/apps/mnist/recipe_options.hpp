// The recipe's fields as options: one table gives parsing, help, comparison, JSON and the report's rows.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include "host/apps/mnist/value_parser.hpp"
#include "host/mlp/recipe.hpp"

namespace xent::mnist {

/// What the command line said about the recipe. Empty: the named recipe's value stands.
struct RecipeOptions {
  std::optional<std::string> recipe{};  ///< name of the recipe that the fields override
  std::optional<std::vector<std::int64_t>> layers{};
  std::optional<std::int64_t> epochs{}, batch{}, warmup_steps{}, shift{};
  std::optional<mlp::Optimizer> optimizer{};
  std::optional<mlp::Schedule> schedule{};
  std::optional<double> lr{}, final_lr_ratio{}, momentum{}, weight_decay{};
  std::optional<double> label_smoothing{}, dropout{}, input_dropout{};
  std::optional<std::uint64_t> seed{};
};

inline constexpr Words kRecipeNames{{"article", "default", "best"}};

template <class T, class Range>
struct RecipeField {
  const char* option;
  const char* type;  ///< its value in the help
  const char* help;
  std::optional<T> RecipeOptions::*given;
  T mlp::Recipe::*value;
  Range range;
};
// Deduced by itself in C++20, but not yet by clang 14, which lints and fuzzes this.
template <class T, class Range>
RecipeField(const char*, const char*, const char*, std::optional<T> RecipeOptions::*, T mlp::Recipe::*, Range)
    -> RecipeField<T, Range>;

// The words of an enumeration stand in the order of its values.
inline constexpr std::tuple kRecipeFields{
    RecipeField{"--layers", "N,N,...", "widths from input to output: 784 pixels, hidden layers, 10 classes",
                &RecipeOptions::layers, &mlp::Recipe::layers, Widths{65536, 16, mlp::kMaxWeights}},
    RecipeField{"--epochs", "N", "passes over the training set", &RecipeOptions::epochs, &mlp::Recipe::epochs,
                Integers{1, 10000}},
    RecipeField{"--batch", "N", "images per step", &RecipeOptions::batch, &mlp::Recipe::batch,
                Integers{1, 65536}},
    RecipeField{"--optimizer", "NAME", "sgd, adam or adamw", &RecipeOptions::optimizer,
                &mlp::Recipe::optimizer, Words{{"sgd", "adam", "adamw"}}},
    RecipeField{"--lr", "X", "learning rate at its highest", &RecipeOptions::lr, &mlp::Recipe::lr,
                Reals{.lo = 0, .hi = 1000, .lo_open = true}},
    RecipeField{"--schedule", "NAME", "how it falls: constant, cosine, exponential, linear",
                &RecipeOptions::schedule, &mlp::Recipe::schedule,
                Words{{"constant", "cosine", "exponential", "linear"}}},
    RecipeField{"--final-lr-ratio", "X", "learning rate of the last step / --lr; exponential: above 0",
                &RecipeOptions::final_lr_ratio, &mlp::Recipe::final_lr_ratio, Reals{.lo = 0, .hi = 1}},
    RecipeField{"--warmup", "N", "steps over which the rate first rises from 0", &RecipeOptions::warmup_steps,
                &mlp::Recipe::warmup_steps, Integers{0, 1'000'000'000}},
    RecipeField{"--momentum", "X", "of sgd", &RecipeOptions::momentum, &mlp::Recipe::momentum,
                Reals{.lo = 0, .hi = 1, .hi_open = true}},
    RecipeField{"--weight-decay", "X", "pull of the weights towards 0, decoupled for adamw",
                &RecipeOptions::weight_decay, &mlp::Recipe::weight_decay, Reals{.lo = 0, .hi = 100}},
    RecipeField{"--label-smoothing", "X", "share of each label spread over all classes",
                &RecipeOptions::label_smoothing, &mlp::Recipe::label_smoothing, Reals{.lo = 0, .hi = 1}},
    RecipeField{"--dropout", "X", "share of hidden units silenced in each step", &RecipeOptions::dropout,
                &mlp::Recipe::dropout, Reals{.lo = 0, .hi = 1, .hi_open = true}},
    RecipeField{"--input-dropout", "X", "share of pixels blackened in each step",
                &RecipeOptions::input_dropout, &mlp::Recipe::input_dropout,
                Reals{.lo = 0, .hi = 1, .hi_open = true}},
    RecipeField{"--shift", "N", "move each image by up to N pixels each way", &RecipeOptions::shift,
                &mlp::Recipe::shift, Integers{0, 14}},
    RecipeField{"--seed", "N", "of everything random: the same seed gives the same bits",
                &RecipeOptions::seed, &mlp::Recipe::seed, Integers{0, UINT64_MAX}},
};

/// visit(field) for each field in the table's order.
template <class Visit>
void for_each_recipe_field(Visit&& visit) {
  std::apply([&](const auto&... field) { (visit(field), ...); }, kRecipeFields);
}

/// One recipe field as text: its option without the dashes, and its value.
struct RecipeRow {
  std::string name;
  std::string value;
};
std::vector<RecipeRow> rows(const mlp::Recipe& recipe);

/// The named recipe with the given fields put in its place. Where that asks for an exponential schedule of a
/// recipe that ends at 0, which such a schedule never reaches, it ends where the default recipe does. Throws
/// UsageError if the fields do not go together.
mlp::Recipe chosen_recipe(const RecipeOptions& options);

/// Throws UsageError naming the first option given that says something else than the recipe.
void check_agreement(const RecipeOptions& options, const mlp::Recipe& recipe);

/// "article", "default" or "best" if the recipe is that one (whatever its seed), else "custom".
std::string recipe_name(const mlp::Recipe& recipe);

/// For people: "default", "default with epochs 3, lr 0.001" for up to three changes, else "custom".
std::string recipe_description(const mlp::Recipe& recipe);

/// Sets the optional that `field` fills in `options` from text; throws UsageError.
template <class Field>
void set_from_text(const Field& field, std::string_view text, RecipeOptions& options) {
  using T = typename std::remove_reference_t<decltype(options.*field.given)>::value_type;
  auto value = parse(field.option, text, field.range);
  if constexpr (std::is_enum_v<T>) {
    options.*field.given = static_cast<T>(field.range.index_of(value));
  } else {
    options.*field.given = static_cast<T>(value);
  }
}

}  // namespace xent::mnist
