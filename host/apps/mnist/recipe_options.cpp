// Walks the table of recipe fields.
#include "host/apps/mnist/recipe_options.hpp"

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/errors.hpp"

namespace xent::mnist {
namespace {

template <class Range>
std::string text_of(std::int64_t value, const Range&) {
  return std::to_string(value);
}
template <class Range>
std::string text_of(std::uint64_t value, const Range&) {
  return std::to_string(value);
}
template <class Range>
std::string text_of(double value, const Range&) {
  return apps::shortest(value);
}
template <class Range>
std::string text_of(const std::vector<std::int64_t>& widths, const Range&) {
  return apps::joined(widths, ",");
}
template <class Enum>
requires std::is_enum_v<Enum> std::string text_of(Enum value, const Words& names) {
  return names.words.at(static_cast<std::size_t>(value));
}

}  // namespace

std::vector<RecipeRow> rows(const mlp::Recipe& recipe) {
  std::vector<RecipeRow> all;
  for_each_recipe_field([&](const auto& field) {
    all.push_back({std::string(field.option).substr(2), text_of(recipe.*field.value, field.range)});
  });
  return all;
}

mlp::Recipe chosen_recipe(const RecipeOptions& options) {
  mlp::Recipe recipe = mlp::named_recipe(options.recipe.value_or("default"));
  for_each_recipe_field([&](const auto& field) {
    if (options.*field.given) recipe.*field.value = *(options.*field.given);
  });
  if (recipe.schedule == mlp::Schedule::exponential && recipe.final_lr_ratio == 0.0) {
    if (options.final_lr_ratio) {
      throw UsageError("--final-lr-ratio: '0' is not allowed with --schedule exponential; give " +
                       allowed(Reals{.lo = 0, .hi = 1, .lo_open = true}));
    }
    recipe.final_lr_ratio = mlp::Recipe{}.final_lr_ratio;
  }
  mlp::check(recipe);
  return recipe;
}

void check_agreement(const RecipeOptions& options, const mlp::Recipe& recipe) {
  const std::string why =
      ": a resumed run keeps its recipe; leave the option out, or start a new run without --resume";
  if (options.recipe && recipe_name(recipe) != *options.recipe) {
    throw UsageError("--recipe " + *options.recipe + " contradicts the checkpoint's recipe (" +
                     recipe_name(recipe) + ")" + why);
  }
  for_each_recipe_field([&](const auto& field) {
    if (!(options.*field.given) || *(options.*field.given) == recipe.*field.value) return;
    throw UsageError(std::string(field.option) + " " + text_of(*(options.*field.given), field.range) +
                     " contradicts the checkpoint's " + text_of(recipe.*field.value, field.range) + why);
  });
}

std::string recipe_name(const mlp::Recipe& recipe) {
  for (std::size_t i = 0; i < kRecipeNames.size(); ++i) {
    mlp::Recipe named = mlp::named_recipe(kRecipeNames.words.at(i));
    named.seed = recipe.seed;
    if (named == recipe) return kRecipeNames.words.at(i);
  }
  return "custom";
}

std::string recipe_description(const mlp::Recipe& recipe) {
  constexpr std::size_t kMostChanges = 3;
  std::string best = "custom";
  std::size_t fewest = kMostChanges + 1;
  for (const char* name : {"default", "article", "best"}) {
    mlp::Recipe named = mlp::named_recipe(name);
    named.seed = recipe.seed;
    const std::vector<RecipeRow> theirs = rows(named);
    const std::vector<RecipeRow> ours = rows(recipe);
    std::string text = name;
    std::size_t changes = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) {
      if (ours[i].value == theirs[i].value) continue;
      text += apps::cat(changes++ == 0 ? " with " : ", ", ours[i].name, " ", ours[i].value);
    }
    // What has no option may differ too; then this is another recipe altogether.
    for_each_recipe_field([&](const auto& field) { named.*field.value = recipe.*field.value; });
    if (changes >= fewest || named != recipe) continue;
    fewest = changes;
    best = text;
  }
  return best;
}

}  // namespace xent::mnist
