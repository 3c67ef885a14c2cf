// The command line of xent-mnist as plain data.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "host/apps/mnist/recipe_options.hpp"
#include "host/mlp/step_path.hpp"

namespace xent::mnist {

enum class DeviceChoice : std::uint8_t { automatic, cpu, cuda, reference };

/// As --device spells it.
const char* device_name(DeviceChoice device);

struct MachineOptions {
  DeviceChoice device = DeviceChoice::automatic;
  int threads = 0;                                     ///< 0: all
  mlp::StepPath step_path = mlp::StepPath::automatic;  ///< another one only where CUDA can be the device
};

struct TrainOptions {
  std::string program{};  ///< as it was called
  RecipeOptions recipe{};
  std::optional<std::filesystem::path> data{};
  bool offline = false;
  MachineOptions machine{};
  std::optional<std::filesystem::path> checkpoint{}, resume{}, report{};
  std::optional<std::filesystem::path> json{};  ///< "-" is standard output
  bool quiet = false;
  std::optional<std::int64_t> validate{};  ///< steps to judge by the reference instead of training

  bool json_on_stdout() const { return json && *json == "-"; }
};

struct PredictOptions {
  std::filesystem::path checkpoint{};
  std::vector<std::filesystem::path> images{};
  std::optional<std::int64_t> index{};            ///< first image of each IDX file, 0 unless given
  std::optional<std::int64_t> count{};            ///< images of each IDX file, 1 unless given
  std::optional<std::filesystem::path> labels{};  ///< IDX labels of the one IDX file, to compare with
  MachineOptions machine{};
};

/// --help, --version, or a usage error: print and end.
struct Ending {
  int exit_code = 0;
  std::string text{};  ///< to standard output if exit_code is 0, else to standard error
};

using Command = std::variant<TrainOptions, PredictOptions, Ending>;

/// Reads the arguments (argv[0] is the program). Touches nothing but its arguments.
Command parse_command_line(int argc, const char* const* argv);

}  // namespace xent::mnist
