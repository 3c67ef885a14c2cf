// xent-mnist's training: prepares everything that can fail first, then steps, tests, saves and tells.
#include <memory>
#include <vector>

#include "host/apps/mnist/commands.hpp"
#include "host/apps/mnist/console.hpp"
#include "host/apps/mnist/device.hpp"
#include "host/apps/mnist/errors.hpp"
#include "host/apps/mnist/json_log.hpp"
#include "host/apps/mnist/output_file.hpp"
#include "host/apps/mnist/report.hpp"
#include "host/apps/mnist/resume_hint.hpp"
#include "host/apps/mnist/signals.hpp"
#include "host/data/mnist.hpp"
#include "host/io/error.hpp"

namespace xent::mnist {
namespace {

using Observers = std::vector<std::unique_ptr<RunObserver>>;

template <class Tell>
void tell_all(const Observers& observers, Tell tell) {
  for (const auto& observer : observers) tell(*observer);
}

mlp::Trainer make_trainer(const TrainOptions& options, const mlp::Recipe& recipe, const data::Dataset& train,
                          const Exec& exec) {
  if (!options.resume) return {recipe, train, exec};
  mlp::Trainer trainer = mlp::Trainer::resume(*options.resume, train, exec);
  check_agreement(options.recipe, trainer.recipe());
  return trainer;
}

Run make_run(const TrainOptions& options, const mlp::Recipe& recipe, const data::TrainTest& data,
             const ChosenDevice& device, WallClock::time_point start) {
  mlp::Trainer trainer = make_trainer(options, recipe, data.train, device.exec);
  const std::string name = recipe_name(trainer.recipe());
  History history(trainer.recipe().epochs, trainer.steps_per_epoch());
  std::optional<mlp::Progress> resumed_at;
  if (options.resume) {
    resumed_at = trainer.progress();
    history.restore(trainer.note(), trainer.progress(), options.resume->string());
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
  return test;
}

mlp::StepResult step(Run& run) {
  const mlp::Progress before = run.trainer.progress();
  if (before.step_in_epoch == 0 || run.steps == 0) run.epoch_timing = {};
  const auto start = WallClock::now();
  const mlp::StepResult result = run.trainer.step();
  const double seconds = seconds_since(start);
  const double epoch_samples =
      run.epoch_timing.samples_per_second * run.epoch_timing.seconds + static_cast<double>(result.samples);
  run.train_seconds += seconds;
  run.steps += 1;
  run.samples += result.samples;
  run.epoch_timing.seconds += seconds;
  run.epoch_timing.samples_per_second = epoch_samples / run.epoch_timing.seconds;
  run.history.add_step(before, result);
  return result;
}

void save(const Run& run, const std::filesystem::path& path) {
  run.trainer.save(path, run.history.to_note());
}

/// Trains until done or told to stop; returns whether it is done. The last evaluation goes to `test`.
bool train_epochs(Run& run, const std::optional<std::filesystem::path>& checkpoint,
                  const Observers& observers, std::optional<mlp::Evaluation>& test) {
  while (!run.trainer.done()) {
    if (StopSignals::requested()) return false;
    const mlp::StepResult result = step(run);
    if (!result.epoch_ended) {
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
              const std::optional<std::filesystem::path>& checkpoint) {
  std::filesystem::path path = checkpoint ? *checkpoint : unused_checkpoint_name();
  try {
    save(run, path);
  } catch (const io::IoError& error) {
    std::fprintf(stderr, "xent-mnist: %s; saving to the folder for temporary files instead\n", error.what());
    path = std::filesystem::temp_directory_path() / unused_checkpoint_name().filename();
    save(run, path);
  }
  tell_all(observers, [&](RunObserver& observer) { observer.interrupted(run, path); });
  // Standard error, also when quiet: the one line without which the work would seem lost.
  std::fprintf(stderr, "interrupted; resume with:\n  %s\n", resume_command(options, path).c_str());
  return kExitInterrupted;
}

}  // namespace

int train(const TrainOptions& options, WallClock::time_point start) {
  const ChosenDevice device = choose_device(options.machine);
  const mlp::Recipe recipe = options.resume ? mlp::Recipe{} : chosen_recipe(options.recipe);
  const auto& checkpoint = options.checkpoint ? options.checkpoint : options.resume;
  if (checkpoint) check_replaceable(options.checkpoint ? "--checkpoint" : "--resume", *checkpoint);
  if (options.report) check_replaceable("--report", *options.report);

  auto console = options.quiet ? nullptr : std::make_unique<Console>(options);
  const data::Notice notice = [&](std::string_view line) {
    if (console) console->notice(line);
  };
  const data::TrainTest data =
      data::load_digits({.data = options.data, .offline = options.offline, .notice = notice});
  Run run = make_run(options, recipe, data, device, start);

  // The log's file is emptied here, so after everything else that can fail.
  Observers observers;
  if (options.json) observers.push_back(make_json_log(*options.json));
  if (console) observers.push_back(std::move(console));
  if (options.report) observers.push_back(make_report(*options.report));

  const StopSignals signals;
  tell_all(observers, [&](RunObserver& observer) { observer.started(run); });
  std::optional<mlp::Evaluation> test;
  if (!train_epochs(run, checkpoint, observers, test)) return interrupt(run, options, observers, checkpoint);
  if (!test) {  // resumed after its last epoch
    test = evaluate(run);
    if (checkpoint) save(run, *checkpoint);
  }
  // The report before the final log line: who waits for that line finds everything written.
  for (auto observer = observers.rbegin(); observer != observers.rend(); ++observer)
    (*observer)->finished(run, *test);
  return 0;
}

}  // namespace xent::mnist
