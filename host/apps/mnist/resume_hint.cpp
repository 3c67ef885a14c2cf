// The recipe is in the checkpoint; where the data is and what to write is not.
#include "host/apps/mnist/resume_hint.hpp"

#include "host/apps/common/text.hpp"

namespace xent::mnist {

std::string resume_command(const TrainOptions& options, const std::filesystem::path& checkpoint) {
  std::string command = apps::shell_word(options.program);
  const auto add = [&command](const char* flag, const std::string& value) {
    command += apps::cat(" ", flag, " ", apps::shell_word(value));
  };
  const auto add_path = [&add](const char* flag, const std::optional<std::filesystem::path>& path) {
    if (path) add(flag, path->string());
  };
  add("--resume", checkpoint.string());
  add_path("--data", options.data);
  if (options.offline) command += " --offline";
  if (options.machine.device != DeviceChoice::automatic) add("--device", device_name(options.machine.device));
  if (options.machine.threads != 0) add("--threads", std::to_string(options.machine.threads));
  if (options.machine.step_path != mlp::StepPath::automatic) {
    add("--cuda-steps", mlp::name(options.machine.step_path));
  }
  add_path("--json", options.json);
  add_path("--report", options.report);
  if (options.quiet) command += " --quiet";
  return command;
}

}  // namespace xent::mnist
