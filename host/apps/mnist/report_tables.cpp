// The worst mistakes as pictures, and the tables of what the run was.
#include "host/apps/common/machine.hpp"
#include "host/apps/common/text.hpp"
#include "host/apps/mnist/html.hpp"
#include "host/apps/mnist/mistakes.hpp"
#include "host/apps/mnist/recipe_options.hpp"
#include "host/apps/mnist/report_parts.hpp"
#include "host/data/image.hpp"

namespace xent::mnist {
namespace {

using apps::cat;
using apps::grouped;
using apps::percent;

constexpr std::size_t kMistakesShown = 32;

std::string list_row(std::string_view name, std::string_view value) {
  return cat("<tr><th>", escape_html(name), "</th><td>", escape_html(value), "</td></tr>\n");
}

std::string mistake_item(const Mistake& mistake, const data::Dataset& test) {
  const auto png = data::encode_png(test.image(mistake.index), test.height, test.width);
  const std::string label = std::to_string(mistake.label);
  const std::string guess = std::to_string(mistake.prediction);
  return cat("<li><img alt=\"a ", label, " read as ", guess, "\" src=\"data:image/png;base64,", base64(png),
             "\"><b><span class=\"truth\">", label, "</span> &rarr; <span class=\"guess\">", guess,
             "</span></b><small>", percent(mistake.confidence, 1), " sure</small><small>#",
             grouped(mistake.index), "</small></li>\n");
}

}  // namespace

std::string mistakes_section(const Run& run, const mlp::Evaluation& test) {
  const auto mistakes = worst_mistakes(run.trainer, run.data.test, test, kMistakesShown);
  std::string html = "<h2>Worst mistakes</h2>\n";
  if (mistakes.empty()) return html + "<p class=\"soft\">None: every test digit is read correctly.</p>\n";
  html +=
      "<p class=\"soft\">The test digits whose truth the network held least likely: <b>what it is &rarr; "
      "what was "
      "read</b>, how sure it was of that, and the number in the test set.</p>\n<ul class=\"mistakes\">\n";
  for (const Mistake& mistake : mistakes) html += mistake_item(mistake, run.data.test);
  return html + "</ul>\n";
}

std::string details_section(const Run& run) {
  std::string recipe = list_row("recipe", recipe_description(run.recipe()));
  for (const RecipeRow& row : rows(run.recipe())) recipe += list_row(row.name, row.value);
  const apps::Build build = apps::build();
  const auto steps = run.trainer.step_choice();
  const std::string machine =
      list_row("data", run.data.origin) + list_row("training images", grouped(run.data.train.count)) +
      list_row("test images", grouped(run.data.test.count)) +
      list_row("parameters", grouped(parameter_count(run.recipe()))) +
      list_row("steps per epoch", grouped(run.trainer.steps_per_epoch())) +
      list_row("device", run.device_line) +
      (steps ? list_row("CUDA steps", cat(mlp::name(steps->path), ", ", steps->why)) : "") +
      list_row("threads", std::to_string(run.exec.threads)) + list_row("xent", build.version) +
      list_row("compiler", cat(build.compiler, ", ", build.type, ", ", build.flags));
  return cat("<h2>Recipe and machine</h2>\n<div class=\"pair\"><div class=\"panel\"><table class=\"list\">\n",
             recipe, "</table></div>\n<div class=\"panel\"><table class=\"list\">\n", machine,
             "</table></div></div>\n");
}

}  // namespace xent::mnist
