// Key order is part of the format: the final line begins with test_accuracy, train_seconds, wall_seconds.
#include "host/apps/mnist/json_log.hpp"

#include <cerrno>
#include <cstdio>

#include <nlohmann/json.hpp>

#include "host/apps/common/machine.hpp"
#include "host/apps/mnist/recipe_options.hpp"
#include "host/io/descriptor.hpp"

namespace xent::mnist {
namespace {

using Json = nlohmann::ordered_json;

struct CloseUnlessStdout {
  void operator()(std::FILE* file) const {
    if (file != stdout) std::fclose(file);
  }
};
using Stream = std::unique_ptr<std::FILE, CloseUnlessStdout>;

Stream open(const std::filesystem::path& path) {
  if (path == "-") return Stream(stdout);
  Stream stream(std::fopen(path.c_str(), "we"));
  if (!stream) io::throw_io_error("write", path);
  return stream;
}

template <class Enum>
requires std::is_enum_v<Enum> Json value_of(Enum value, const Words& names) {
  return names.words.at(static_cast<std::size_t>(value));
}
template <class T, class Range>
Json value_of(const T& value, const Range&) {
  return value;
}

Json recipe_json(const Run& run) {
  Json json{{"name", run.recipe_name}};
  for_each_recipe_field([&](const auto& field) {
    std::string key = std::string(field.option).substr(2);
    for (char& c : key) c = c == '-' ? '_' : c;
    json[key] = value_of(run.recipe().*field.value, field.range);
  });
  return json;
}

Json start_json(const Run& run) {
  Json json{{"event", "start"},
            {"version", apps::build().version},
            {"recipe", recipe_json(run)},
            {"data",
             {{"origin", run.data.origin},
              {"synthetic", run.data.synthetic},
              {"train_count", run.data.train.count},
              {"test_count", run.data.test.count}}},
            {"device", name(run.exec.device)},
            {"device_description", run.device_line},
            {"step_path", nullptr},
            {"threads", run.exec.threads},
            {"parameters", parameter_count(run.recipe())},
            {"resumed", nullptr}};
  if (const auto steps = run.trainer.step_choice()) {
    json["step_path"] = {{"name", mlp::name(steps->path)}, {"why", steps->why}};
  }
  if (run.resumed_at) {
    json["resumed"] = {{"epochs", run.resumed_at->epoch}, {"step_in_epoch", run.resumed_at->step_in_epoch}};
  }
  return json;
}

Json epoch_json(const Epoch& epoch) {
  Json json{{"event", "epoch"},
            {"epoch", epoch.number},
            {"train_loss", epoch.train_loss},
            {"train_accuracy", epoch.train_accuracy},
            {"test_loss", epoch.test_loss},
            {"test_accuracy", epoch.test_accuracy},
            {"seconds", nullptr},
            {"samples_per_second", nullptr},
            {"lr", epoch.lr}};
  if (epoch.timing) {
    json["seconds"] = epoch.timing->seconds;
    json["samples_per_second"] = epoch.timing->samples_per_second;
  }
  return json;
}

Json deviation_json(const mlp::Deviation& found) {
  return {{"deviation", found.value}, {"allowed", found.allowed}, {"step", found.step}};
}

Json validation_json(const Run& run, const mlp::Validation& validation) {
  Json tensors = Json::array();
  for (const mlp::TensorValidation& one : validation.tensors) {
    tensors.push_back({{"name", one.name},
                       {"gradient", deviation_json(one.gradient)},
                       {"update", deviation_json(one.update)},
                       {"drift", one.drift},
                       {"drift_rms", one.drift_rms}});
  }
  return {{"event", "validation"},
          {"within", validation.within()},
          {"steps", validation.steps},
          {"loss", deviation_json(validation.loss)},
          {"correct", deviation_json(validation.correct)},
          {"tensors", tensors},
          {"loss_drift", validation.loss_drift},
          {"repeatable", validation.repeatable},
          {"wall_seconds", run.wall_seconds()}};
}

Json ended_early(const char* event, const Run& run) {
  const mlp::Progress& at = run.trainer.progress();
  return {{"event", event},
          {"epochs", at.epoch},
          {"step_in_epoch", at.step_in_epoch},
          {"train_seconds", run.train_seconds},
          {"wall_seconds", run.wall_seconds()}};
}

class JsonLog : public RunObserver {
 public:
  explicit JsonLog(const std::filesystem::path& path) : path_(path), stream_(open(path)) {}

  void started(const Run& run) override {
    write(start_json(run));
    for (const Epoch& epoch : run.history.epochs()) write(epoch_json(epoch));
  }

  void epoch_ended(const Run& run, const mlp::Evaluation&) override {
    write(epoch_json(run.history.epochs().back()));
  }

  void interrupted(const Run& run, const std::filesystem::path& checkpoint) override {
    Json json = ended_early("interrupted", run);
    json["checkpoint"] = checkpoint.string();
    write(json);
  }

  void validated(const Run& run, const mlp::Validation& validation) override {
    write(validation_json(run, validation));
  }

  void diverged(const Run& run) override { write(ended_early("diverged", run)); }

  void finished(const Run& run, const mlp::Evaluation& test) override {
    write({{"event", "final"},
           {"test_accuracy", test.accuracy},
           {"train_seconds", run.train_seconds},
           {"wall_seconds", run.wall_seconds()},
           {"test_loss", test.loss},
           {"epochs", run.trainer.progress().epoch}});
  }

 private:
  void write(const Json& json) {
    // A path need not be UTF-8: whatever is not is replaced rather than thrown at the user.
    const std::string line = json.dump(-1, ' ', false, Json::error_handler_t::replace) + '\n';
    errno = 0;
    const bool written = std::fwrite(line.data(), 1, line.size(), stream_.get()) == line.size();
    if (written && std::fflush(stream_.get()) == 0) return;
    const int error = errno;
    io::blaming("--json", [&] { io::throw_io_error("write", path_, error); });
  }

  std::filesystem::path path_;
  Stream stream_;
};

}  // namespace

std::unique_ptr<RunObserver> make_json_log(const std::filesystem::path& path) {
  return io::blaming("--json", [&] { return std::make_unique<JsonLog>(path); });
}

}  // namespace xent::mnist
