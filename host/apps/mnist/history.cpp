// Sums over steps, and their JSON form.
#include "host/apps/mnist/history.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

#include "host/io/error.hpp"

namespace xent::mnist {
namespace {

using Json = nlohmann::ordered_json;

double ratio(double sum, std::int64_t count) { return count == 0 ? 0.0 : sum / static_cast<double>(count); }

}  // namespace

History::History(std::int64_t epochs, std::int64_t steps_per_epoch)
    : steps_per_epoch_(steps_per_epoch),
      points_per_epoch_(
          std::clamp<std::int64_t>(400 / epochs, 1, std::min<std::int64_t>(40, steps_per_epoch))) {}

void History::Window::add(const mlp::StepResult& result) {
  loss_sum += result.loss * static_cast<double>(result.samples);
  correct += result.correct;
  samples += result.samples;
}

void History::add_step(const mlp::Progress& before, const mlp::StepResult& result) {
  const std::int64_t step = before.step_in_epoch;
  if (step == 0) epoch_ = {};
  epoch_number_ = before.epoch + 1;
  lr_ = result.lr;
  epoch_.add(result);
  window_.add(result);
  const bool point_ends =
      (step + 1) * points_per_epoch_ / steps_per_epoch_ > step * points_per_epoch_ / steps_per_epoch_;
  if (!point_ends) return;
  curve_.push_back({.epochs = static_cast<double>(before.epoch) +
                              static_cast<double>(step + 1) / static_cast<double>(steps_per_epoch_),
                    .loss = ratio(window_.loss_sum, window_.samples),
                    .accuracy = ratio(static_cast<double>(window_.correct), window_.samples),
                    .lr = lr_});
  window_ = {};
}

void History::end_epoch(const mlp::Evaluation& test, const Timing& timing) {
  epochs_.push_back({.number = epoch_number_,
                     .train_loss = running_loss(),
                     .train_accuracy = running_accuracy(),
                     .test_loss = test.loss,
                     .test_accuracy = test.accuracy,
                     .lr = lr_,
                     .timing = timing});
}

double History::running_loss() const { return ratio(epoch_.loss_sum, epoch_.samples); }

double History::running_accuracy() const {
  return ratio(static_cast<double>(epoch_.correct), epoch_.samples);
}

std::string History::to_note() const {
  // Arrays rather than objects: ten epochs stay within a few tens of kilobytes.
  Json epochs = Json::array();
  for (const Epoch& e : epochs_) {
    epochs.push_back({e.number, e.train_loss, e.train_accuracy, e.test_loss, e.test_accuracy, e.lr});
  }
  Json curve = Json::array();
  for (const CurvePoint& p : curve_) curve.push_back({p.epochs, p.loss, p.accuracy, p.lr});
  const auto sums = [](const Window& w) { return Json::array({w.loss_sum, w.correct, w.samples}); };
  return Json{{"epochs", epochs},
              {"curve", curve},
              {"window", sums(window_)},
              {"epoch", sums(epoch_)},
              {"epoch_number", epoch_number_},
              {"lr", lr_}}
      .dump();
}

void History::restore(std::string_view note, const mlp::Progress& progress, const std::string& file) {
  if (note.empty()) return;
  // A loss that was not finite is null in JSON.
  const auto number = [](const Json& value) { return value.is_null() ? std::nan("") : value.get<double>(); };
  const auto sums = [&](const Json& v) {
    return Window{number(v.at(0)), v.at(1).get<std::int64_t>(), v.at(2).get<std::int64_t>()};
  };
  try {
    const Json json = Json::parse(note);
    std::vector<Epoch> epochs;
    for (const Json& e : json.at("epochs")) {
      epochs.push_back({.number = e.at(0).get<std::int64_t>(),
                        .train_loss = number(e.at(1)),
                        .train_accuracy = number(e.at(2)),
                        .test_loss = number(e.at(3)),
                        .test_accuracy = number(e.at(4)),
                        .lr = number(e.at(5))});
    }
    std::vector<CurvePoint> curve;
    for (const Json& p : json.at("curve")) {
      curve.push_back({number(p.at(0)), number(p.at(1)), number(p.at(2)), number(p.at(3))});
    }
    if (!epochs.empty() && epochs.back().number != progress.epoch) {
      throw io::FormatError("'" + file + "': its note ends with epoch " +
                            std::to_string(epochs.back().number) + ", its progress with epoch " +
                            std::to_string(progress.epoch));
    }
    window_ = sums(json.at("window"));
    epoch_ = sums(json.at("epoch"));
    epoch_number_ = json.at("epoch_number").get<std::int64_t>();
    lr_ = number(json.at("lr"));
    epochs_ = std::move(epochs);
    curve_ = std::move(curve);
  } catch (const nlohmann::json::exception& error) {
    throw io::FormatError("'" + file + "': the training history in its note is malformed: " + error.what());
  }
}

}  // namespace xent::mnist
