// xent-mnist's training: prepares everything that can fail first, then steps, tests, saves and tells.
#include <cmath>
#include <memory>
#include <vector>

#include "host/apps/common/standard_streams.hpp"
#include "host/apps/common/text.hpp"
#include "host/apps/mnist/checkpoint_place.hpp"
#include "host/apps/mnist/commands.hpp"
#include "host/apps/mnist/console.hpp"
#include "host/apps/mnist/device.hpp"
#include "host/apps/mnist/errors.hpp"
#include "host/apps/mnist/json_log.hpp"
#include "host/apps/mnist/recipe_fit.hpp"
#include "host/apps/mnist/report.hpp"
#include "host/apps/mnist/resume_hint.hpp"
#include "host/apps/mnist/signals.hpp"
#include "host/data/mnist.hpp"
#include "host/io/error.hpp"
#include "host/io/file.hpp"

namespace xent::mnist {
namespace {

using Observers = std::vector<std::unique_ptr<RunObserver>>;

template <class Tell>
void tell_all(const Observers& observers, Tell tell) {
  for (const auto& observer : observers) tell(*observer);
}

/// The checkpoint to go on with, if any. Whether the options make sense without the digits is found out here,
/// before these are looked for.
std::optional<mlp::Checkpoint> load_resumed(const TrainOptions& options) {
  if (!options.resume) {
    static_cast<void>(chosen_recipe(options.recipe));
    return std::nullopt;
  }
  mlp::Checkpoint checkpoint = io::blaming("--resume", [&] { return mlp::load_checkpoint(*options.resume); });
  check_agreement(options.recipe, checkpoint.recipe);
  return checkpoint;
}

mlp::Trainer make_trainer(const TrainOptions& options, const std::optional<mlp::Checkpoint>& resumed,
                          const data::Dataset& train, const ChosenDevice& device) {
  if (!resumed) {
    const mlp::Recipe recipe = chosen_recipe(options.recipe);
    check_fit(recipe, train);
    return {recipe, train, device.exec, device.steps};
  }
  try {
    return mlp::Trainer::resume(*resumed, train, device.exec, device.steps);
  } catch (const InvalidArgument& error) {
    throw UsageError(apps::cat("--resume: '", options.resume->string(), "': ", error.what()));
  }
}

Run make_run(const TrainOptions& options, std::optional<mlp::Checkpoint> resumed, const data::TrainTest& data,
             const ChosenDevice& device, WallClock::time_point start) {
  mlp::Trainer trainer =
      blaming_steps(device, [&] { return make_trainer(options, resumed, data.train, device); });
  const std::string name = recipe_name(trainer.recipe());
  History history(trainer.recipe().epochs, trainer.steps_per_epoch());
  std::optional<mlp::Progress> resumed_at;
  if (resumed) {
    resumed_at = resumed->progress;
    io::blaming("--resume", [&] { history.restore(resumed->note, *resumed_at, options.resume->string()); });
  }
  return {.program = options.program,
          .recipe_name = name,
          .device_line = device.line,
          .exec = device.exec,
          .data = data,
          .resumed_at = resumed_at,
          .start = start,
          .trainer = std::move(trainer),
          .history = std::move(history)};
}

mlp::Evaluation evaluate(Run& run) {
  const auto start = WallClock::now();
  mlp::Evaluation test = run.trainer.evaluate(run.data.test);
  run.evaluation_seconds = seconds_since(start);
  if (!std::isfinite(test.loss)) {
    throw mlp::Diverged(apps::cat("epoch ", std::to_string(run.trainer.progress().epoch),
                                  ": the test loss is not a finite number"));
  }
  return test;
}

/// As many steps as the device likes to do at once, within the epoch; returns whether that ended it.
bool take_steps(Run& run) {
  mlp::Progress before = run.trainer.progress();
  if (before.step_in_epoch == 0 || run.steps == 0) run.epoch_timing = {};
  const auto start = WallClock::now();
  const std::vector<mlp::StepResult> results = run.trainer.steps(run.trainer.steps_per_epoch());
  const double seconds = seconds_since(start);
  double epoch_samples = run.epoch_timing.samples_per_second * run.epoch_timing.seconds;
  for (const mlp::StepResult& result : results) {
    run.steps += 1;
    run.samples += result.samples;
    epoch_samples += static_cast<double>(result.samples);
    run.history.add_step(before, result);
    ++before.step_in_epoch;
  }
  run.train_seconds += seconds;
  run.epoch_timing.seconds += seconds;
  run.epoch_timing.samples_per_second = epoch_samples / run.epoch_timing.seconds;
  return results.back().epoch_ended;
}

void save(const Run& run, const CheckpointPlace& place) {
  io::blaming(place.blame, [&] { run.trainer.save(place.path, run.history.to_note()); });
}

/// Trains until done or told to stop; returns whether it is done. The last evaluation goes to `test`.
bool train_epochs(Run& run, const std::optional<CheckpointPlace>& checkpoint, const Observers& observers,
                  std::optional<mlp::Evaluation>& test) {
  while (!run.trainer.done()) {
    if (StopSignals::requested()) return false;
    if (!take_steps(run)) {
      tell_all(observers, [&](RunObserver& observer) { observer.stepped(run); });
      continue;
    }
    test = evaluate(run);
    run.history.end_epoch(*test, run.epoch_timing);
    // Saved before it is told: what the log says is done is on disk.
    if (checkpoint) save(run, *checkpoint);
    tell_all(observers, [&](RunObserver& observer) { observer.epoch_ended(run, *test); });
  }
  return true;
}

int interrupt(const Run& run, const TrainOptions& options, const Observers& observers,
              const std::optional<CheckpointPlace>& checkpoint) {
  CheckpointPlace place = checkpoint ? *checkpoint : unused_place("");
  try {
    save(run, place);
  } catch (const io::IoError& error) {
    apps::print_line(stderr, apps::cat("xent-mnist: ", error.what(),
                                       "; saving to the folder for temporary files instead"));
    place = unused_place(std::filesystem::temp_directory_path());
    save(run, place);
  }
  tell_all(observers, [&](RunObserver& observer) { observer.interrupted(run, place.path); });
  // Standard error, also when quiet: the one line without which the work would seem lost.
  apps::print_line(stderr, "interrupted; resume with:");
  apps::print_line(stderr, "  " + resume_command(options, place.path));
  return kExitInterrupted;
}

/// The sentence that ends a diverged run.
std::string divergence(const Run& run, const std::optional<CheckpointPlace>& checkpoint,
                       std::string_view what) {
  std::string text = apps::cat("the training diverged in ", what,
                               "; most likely the learning rate is too high, try --lr below ",
                               apps::shortest(run.recipe().lr));
  if (checkpoint && std::filesystem::exists(checkpoint->path)) {
    text += apps::cat("; '", checkpoint->path.string(), "' keeps what was saved before");
  }
  return text;
}

}  // namespace

int train(const TrainOptions& options, WallClock::time_point start) {
  const ChosenDevice device = choose_device(options.machine);
  std::optional<mlp::Checkpoint> resumed = load_resumed(options);
  const std::optional<CheckpointPlace> checkpoint = checkpoint_place(options);
  const auto check_output = [](const std::string& option, const std::filesystem::path& path) {
    io::blaming(option, [&] { io::check_replaceable(path); });
  };
  if (checkpoint) check_output(checkpoint->blame, checkpoint->path);
  if (options.report) check_output("--report", *options.report);

  auto console = options.quiet ? nullptr : std::make_unique<Console>(options);
  const data::Notice notice = [&](std::string_view line) {
    if (console) console->notice(line);
  };
  const data::TrainTest data =
      data::load_digits({.data = options.data, .offline = options.offline, .notice = notice});
  Run run = make_run(options, std::move(resumed), data, device, start);

  // The log's file is emptied here, so after everything else that can fail.
  Observers observers;
  if (options.json) observers.push_back(make_json_log(*options.json));
  if (console) observers.push_back(std::move(console));
  if (options.report) observers.push_back(make_report(*options.report));

  const StopSignals signals;
  tell_all(observers, [&](RunObserver& observer) { observer.started(run); });
  std::optional<mlp::Evaluation> test;
  try {
    if (!train_epochs(run, checkpoint, observers, test))
      return interrupt(run, options, observers, checkpoint);
    if (!test) {  // resumed after its last epoch
      test = evaluate(run);
      if (checkpoint && !is_resumed_file(options, *checkpoint)) save(run, *checkpoint);
    }
  } catch (const mlp::Diverged& error) {
    tell_all(observers, [&](RunObserver& observer) { observer.diverged(run); });
    throw mlp::Diverged(divergence(run, checkpoint, error.what()));
  }
  // The report before the final log line: who waits for that line finds everything written.
  for (auto observer = observers.rbegin(); observer != observers.rend(); ++observer)
    (*observer)->finished(run, *test);
  return 0;
}

}  // namespace xent::mnist
