// Sentences for people. Figures come from the run as they are.
#include "host/apps/mnist/console.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include "host/apps/common/machine.hpp"
#include "host/apps/common/standard_streams.hpp"
#include "host/apps/common/text.hpp"
#include "host/apps/mnist/help.hpp"
#include "host/apps/mnist/recipe_options.hpp"
#include "host/apps/mnist/validation_text.hpp"

namespace xent::mnist {
namespace {

using apps::cat;

std::FILE* text_stream(const TrainOptions& options) { return options.json_on_stdout() ? stderr : stdout; }

std::FILE* bar_stream(const TrainOptions& options) {
  return apps::style_of(stderr).terminal ? stderr : text_stream(options);
}

/// Seven cells, right-aligned, 76 columns for up to 99 epochs.
std::string table_line(const std::array<std::string, 7>& cells, std::int64_t epochs) {
  constexpr std::array<std::size_t, 7> kWidths{5, 13, 10, 13, 10, 11, 11};
  const std::size_t first = std::max(kWidths[0], 2 * std::to_string(epochs).size() + 1);
  std::string text = apps::right(cells[0], first);
  for (std::size_t i = 1; i < cells.size(); ++i) text += apps::right(cells.at(i), kWidths.at(i));
  return text;
}

}  // namespace

std::string summary(const mlp::Recipe& recipe) {
  using apps::shortest;
  std::string text =
      cat(mlp::name(recipe.optimizer), ", lr ", shortest(recipe.lr), " ", mlp::name(recipe.schedule));
  if (recipe.schedule != mlp::Schedule::constant)
    text += cat(" to ", shortest(recipe.lr * recipe.final_lr_ratio));
  if (recipe.warmup_steps > 0) text += cat(" after ", std::to_string(recipe.warmup_steps), " warm-up steps");
  text += cat(", batch ", std::to_string(recipe.batch), ", ", std::to_string(recipe.epochs),
              recipe.epochs == 1 ? " epoch" : " epochs");
  const auto add = [&text](const char* what, double value) {
    if (value != 0.0) text += cat(", ", what, " ", shortest(value));
  };
  if (recipe.optimizer == mlp::Optimizer::sgd) add("momentum", recipe.momentum);
  add("weight decay", recipe.weight_decay);
  add("label smoothing", recipe.label_smoothing);
  add("dropout", recipe.dropout);
  add("input dropout", recipe.input_dropout);
  add("shift", static_cast<double>(recipe.shift));
  return text + cat(", seed ", std::to_string(recipe.seed));
}

std::string epoch_header(std::int64_t epochs) {
  return table_line({"epoch", "train loss", "accuracy", "test loss", "accuracy", "images/s", "time"}, epochs);
}

std::string epoch_line(const Epoch& epoch, std::int64_t epochs) {
  const std::string all = std::to_string(epochs);
  return table_line({cat(std::to_string(epoch.number), "/", all), apps::compact(epoch.train_loss),
                     apps::percent(epoch.train_accuracy), apps::compact(epoch.test_loss),
                     apps::percent(epoch.test_accuracy),
                     epoch.timing ? apps::rounded_count(epoch.timing->samples_per_second) : "",
                     epoch.timing ? apps::elapsed(epoch.timing->seconds) : "earlier"},
                    epochs);
}

ProgressView progress_view(const Run& run) {
  const mlp::Progress& at = run.trainer.progress();
  const std::int64_t per_epoch = run.trainer.steps_per_epoch();
  const auto steps_left = static_cast<double>(run.recipe().epochs * per_epoch - at.step);
  const auto epochs_left = static_cast<double>(run.recipe().epochs - at.epoch);
  const double per_step = run.steps == 0 ? 0.0 : run.train_seconds / static_cast<double>(run.steps);
  return {.epoch = at.epoch + 1,
          .epochs = run.recipe().epochs,
          .fraction = static_cast<double>(at.step_in_epoch) / static_cast<double>(per_epoch),
          .loss = run.history.running_loss(),
          .accuracy = run.history.running_accuracy(),
          .samples_per_second = run.epoch_timing.samples_per_second,
          .seconds_left = steps_left * per_step + epochs_left * run.evaluation_seconds};
}

Console::Console(const TrainOptions& options)
    : options_(options),
      stream_(text_stream(options)),
      bar_(bar_stream(options), apps::style_of(bar_stream(options))) {}

void Console::notice(std::string_view text) { line("note", text); }

void Console::started(const Run& run) {
  line("xent",
       cat(apps::build().version, ", softmax cross-entropy and a network that learns digits with it"));
  line("data", run.data.origin);
  if (run.data.synthetic) {
    line("", "These are synthetic digits drawn by the program, not MNIST: accuracies do not compare.");
  }
  line("", cat(apps::grouped(run.data.train.count), " training and ", apps::grouped(run.data.test.count),
               " test images of ", std::to_string(run.data.train.height), " x ",
               std::to_string(run.data.train.width)));
  line("device", run.device_line);
  if (const auto steps = run.trainer.step_choice()) {
    line("steps", cat(mlp::name(steps->path), " (", steps->why, ")"));
  }
  line("network", cat(apps::joined(run.recipe().layers, "-"), ", ReLU, ",
                      apps::grouped(parameter_count(run.recipe())), " parameters"));
  line("recipe", cat(recipe_description(run.recipe()), ": ", summary(run.recipe())));
  if (run.recipe_name == "article") line("", article_note());
  if (run.resumed_at) {
    line("resumed", cat(options_.resume->string(), ", after ", std::to_string(run.resumed_at->epoch), " of ",
                        std::to_string(run.recipe().epochs), " epochs and ",
                        std::to_string(run.resumed_at->step_in_epoch), " of ",
                        std::to_string(run.trainer.steps_per_epoch()), " steps"));
  }
  if (options_.validate) {
    line("judge", cat("the reference in double, on the first ", apps::grouped(*options_.validate), " of ",
                      apps::grouped(run.recipe().epochs * run.trainer.steps_per_epoch()), " steps"));
    return;
  }
  print(epoch_header(run.recipe().epochs));
  for (const Epoch& epoch : run.history.epochs()) print(epoch_line(epoch, run.recipe().epochs));
}

void Console::stepped(const Run& run) {
  if (bar_.due()) bar_.show(progress_view(run));
}

void Console::epoch_ended(const Run& run, const mlp::Evaluation&) {
  print(epoch_line(run.history.epochs().back(), run.recipe().epochs));
}

void Console::interrupted(const Run& run, const std::filesystem::path& checkpoint) {
  const mlp::Progress& at = run.trainer.progress();
  print(cat("interrupted in epoch ", std::to_string(at.epoch + 1), " after ",
            std::to_string(at.step_in_epoch), " of ", std::to_string(run.trainer.steps_per_epoch()),
            " steps; saved to ", checkpoint.string()));
}

void Console::progress(const ProgressView& view) {
  if (bar_.due()) bar_.show(view);
}

void Console::validated(const Run& run, const mlp::Validation& validation) {
  for (const std::string& row : validation_table(validation)) print(row);
  if (validation.within()) {
    print(cat("validated: ", apps::grouped(validation.steps), validation.steps == 1 ? " step" : " steps",
              " within what rounding explains, wall clock ", apps::elapsed(run.wall_seconds())));
  }
}

void Console::finished(const Run& run, const mlp::Evaluation& test) {
  const auto count = static_cast<double>(run.data.test.count);
  const std::int64_t wrong = std::llround(count * (1.0 - test.accuracy));
  print(cat("test accuracy ", apps::percent(test.accuracy), " (", apps::grouped(wrong), " of ",
            apps::grouped(run.data.test.count), run.data.synthetic ? " synthetic digits wrong)" : " wrong)",
            ", training ", apps::elapsed(run.train_seconds), ", wall clock ",
            apps::elapsed(run.wall_seconds())));
  if (run.recipe_name == "article") line("note", article_note());
  const auto& saved = options_.checkpoint ? options_.checkpoint : options_.resume;
  line("saved",
       saved ? saved->string() : "nothing; --checkpoint FILE keeps the network, for predict and --resume");
  if (options_.report) line("report", options_.report->string());
}

void Console::line(std::string_view label, std::string_view text) { print(cat(apps::left(label, 9), text)); }

void Console::print(std::string_view text) {
  bar_.clear();
  apps::print_line(stream_, text);
}

}  // namespace xent::mnist
