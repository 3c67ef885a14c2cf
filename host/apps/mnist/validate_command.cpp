// xent-mnist --validate: no training, but a judgement on the device that would do it.
#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/commands.hpp"
#include "host/apps/mnist/console.hpp"
#include "host/apps/mnist/device.hpp"
#include "host/apps/mnist/errors.hpp"
#include "host/apps/mnist/json_log.hpp"
#include "host/apps/mnist/recipe_fit.hpp"
#include "host/apps/mnist/validation_text.hpp"
#include "host/data/mnist.hpp"

namespace xent::mnist {
namespace {

void check_steps(const Run& run, std::int64_t steps) {
  const std::int64_t total = run.recipe().epochs * run.trainer.steps_per_epoch();
  if (steps <= total) return;
  throw UsageError(apps::cat("--validate: '", std::to_string(steps), "' is not allowed for a run of ",
                             std::to_string(total), " steps; give ",
                             allowed(Integers{1, static_cast<std::uint64_t>(total)})));
}

/// The bar of the steps to judge. Speed and time left are the judge's, who takes nearly all of it.
class StepsBar {
 public:
  StepsBar(const Run& run, std::int64_t steps, Console& console)
      : run_(run), steps_(static_cast<double>(steps)), console_(console) {}

  void show(std::int64_t done, const mlp::BatchResult& result) {
    const std::int64_t per_epoch = run_.trainer.steps_per_epoch();
    const auto batch = static_cast<double>(std::min(run_.recipe().batch, run_.data.train.count));
    const double seconds = seconds_since(start_);
    const auto steps_done = static_cast<double>(done);
    console_.progress({.epoch = (done - 1) / per_epoch + 1,
                       .epochs = run_.recipe().epochs,
                       .fraction = steps_done / steps_,
                       .loss = result.loss,
                       .accuracy = static_cast<double>(result.correct) / batch,
                       .samples_per_second = steps_done * batch / seconds,
                       .seconds_left = (steps_ - steps_done) * seconds / steps_done});
  }

 private:
  const Run& run_;
  double steps_;
  Console& console_;
  WallClock::time_point start_ = WallClock::now();
};

mlp::Validation judge(const Run& run, const ChosenDevice& device, std::int64_t steps, Console* console) {
  mlp::OnStep on_step;
  if (console != nullptr) {
    on_step = [bar = StepsBar(run, steps, *console)](
                  std::int64_t done, const mlp::BatchResult& result) mutable { bar.show(done, result); };
  }
  try {
    return mlp::validate(run.recipe(), run.data.train, steps, device.exec, on_step, device.steps);
  } catch (const mlp::Diverged& error) {
    throw mlp::Diverged(apps::cat("--validate: the training diverged in ", error.what(),
                                  "; most likely the learning rate is too high, try --lr below ",
                                  apps::shortest(run.recipe().lr)));
  }
}

}  // namespace

int validate(const TrainOptions& options, WallClock::time_point start) {
  const ChosenDevice device = choose_device(options.machine);
  const mlp::Recipe recipe = chosen_recipe(options.recipe);
  auto console = options.quiet ? nullptr : std::make_unique<Console>(options);
  const data::Notice notice = [&](std::string_view line) {
    if (console) console->notice(line);
  };
  const data::TrainTest data =
      data::load_digits({.data = options.data, .offline = options.offline, .notice = notice});
  check_fit(recipe, data.train);
  mlp::Trainer trainer =
      blaming_steps(device, [&] { return mlp::Trainer(recipe, data.train, device.exec, device.steps); });
  History history(recipe.epochs, trainer.steps_per_epoch());
  const Run run{.program = options.program,
                .recipe_name = recipe_name(recipe),
                .device_line = device.line,
                .exec = device.exec,
                .data = data,
                .start = start,
                .trainer = std::move(trainer),
                .history = std::move(history)};
  check_steps(run, *options.validate);

  // The log's file is emptied here, so after everything else that can fail.
  const auto log = options.json ? make_json_log(*options.json) : nullptr;
  std::vector<RunObserver*> observers;
  if (log) observers.push_back(log.get());
  if (console) observers.push_back(console.get());
  for (RunObserver* observer : observers) observer->started(run);
  const mlp::Validation validation = judge(run, device, *options.validate, console.get());
  for (RunObserver* observer : observers) observer->validated(run, validation);
  if (!validation.within()) {
    throw ValidationFailed(apps::cat("--validate: ", name(device.exec.device),
                                     " is beyond what rounding explains: ", complaint(validation)));
  }
  return 0;
}

}  // namespace xent::mnist
