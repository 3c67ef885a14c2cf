// CLI11 wiring. Values go through value_parser, so that every refusal reads alike.
#include "host/apps/mnist/options.hpp"

#include <memory>
#include <string_view>
#include <system_error>

#include <CLI/CLI.hpp>

#include "host/apps/common/machine.hpp"
#include "host/apps/common/text.hpp"
#include "host/apps/mnist/errors.hpp"
#include "host/apps/mnist/help.hpp"

namespace xent::mnist {
namespace {

constexpr const char* kProgram = "xent-mnist";
constexpr Words kDevices{{"auto", "cpu", "cuda", "reference"}};
constexpr Words kPaths{{"auto", "resident", "graph", "stream"}};
constexpr Integers kThreads{0, 1024};
constexpr Integers kImages{0, 1'000'000'000};
constexpr Integers kSteps{1, 1'000'000'000};

/// CLI11's help with a usage line of our own.
class HelpFormatter : public CLI::Formatter {
 public:
  explicit HelpFormatter(std::string usage) : usage_(std::move(usage)) { column_width(26); }
  std::string make_usage(const CLI::App*, std::string) const override { return usage_; }

 private:
  std::string usage_;
};

/// An option whose text goes to `store`; UsageErrors pass through the parser unchanged.
template <class Store>
CLI::Option* add(CLI::App& app, const std::string& flag, const char* type, const std::string& help,
                 const char* group, Store store) {
  const CLI::callback_t callback = [store](const CLI::results_t& results) {
    store(results.front());
    return true;
  };
  return app.add_option(flag, callback, help)->option_text(type)->group(group)->type_size(1)->expected(1);
}

/// Given or not: "--quiet=no" is refused, not read as yes.
void add_flag(CLI::App& app, const char* flag, bool& given, const char* help, const char* group) {
  app.add_flag(flag, given, help)->group(group)->disable_flag_override();
}

enum class Dash : std::uint8_t { refused, allowed };

auto path_into(std::optional<std::filesystem::path>& target, const char* flag, Dash dash = Dash::refused) {
  return [&target, flag, dash](const std::string& text) {
    if (text.empty()) throw UsageError(std::string(flag) + ": '' is not allowed; give a path");
    // Far more often a value forgotten, or a stream meant, than a file so named.
    if (text.starts_with("--") || (text == "-" && dash == Dash::refused)) {
      throw UsageError(apps::cat(flag, ": '", text, "' is not allowed; give a path (./", text,
                                 " for a file of that name)"));
    }
    target = text;
  };
}

void add_machine_options(CLI::App& app, MachineOptions& machine) {
  add(app, "--device", "NAME",
      "auto (cuda if it can be used, else cpu), cpu, cuda or reference (double, slow)", "Machine",
      [&machine](const std::string& text) {
        const std::string word = parse("--device", text, kDevices);
        machine.device = static_cast<DeviceChoice>(kDevices.index_of(word));
      });
  add(app, "--threads", "N", "CPU threads, 0 for all; results do not depend on it", "Machine",
      [&machine](const std::string& text) {
        machine.threads = static_cast<int>(parse("--threads", text, kThreads));
      });
}

void add_recipe_options(CLI::App& app, RecipeOptions& recipe) {
  constexpr const char* kGroup = "Network and training";
  add(app, "--recipe", "NAME", "article, default or best: see below", kGroup,
      [&](const std::string& text) { recipe.recipe = parse("--recipe", text, kRecipeNames); });
  for_each_recipe_field([&](const auto& field) {
    const std::string range = limits(field.range);
    const std::string help = range.empty() ? field.help : apps::cat(field.help, " (", range, ")");
    add(app, field.option, field.type, help, kGroup,
        [&recipe, &field](const std::string& text) { set_from_text(field, text, recipe); });
  });
}

void add_output_options(CLI::App& app, TrainOptions& options) {
  constexpr const char* kGroup = "Output";
  add(app, "--checkpoint", "FILE", "save here after every epoch (safetensors)", kGroup,
      path_into(options.checkpoint, "--checkpoint"));
  add(app, "--resume", "FILE", "go on with the run saved in this checkpoint", kGroup,
      path_into(options.resume, "--resume"));
  add(app, "--json", "FILE", "JSON lines, one object per epoch; - for standard output", kGroup,
      path_into(options.json, "--json", Dash::allowed));
  add(app, "--report", "FILE", "HTML report with curves, confusion matrix, worst mistakes", kGroup,
      path_into(options.report, "--report"));
  add_flag(app, "--quiet", options.quiet, "print nothing but errors", kGroup);
}

/// Whether two paths lead to one file, which may not exist yet: over links and however it is spelt.
bool same_file(const std::filesystem::path& a, const std::filesystem::path& b) {
  std::error_code unknown;
  if (std::filesystem::equivalent(a, b, unknown)) return true;
  const auto real = [&](const std::filesystem::path& path) {
    return std::filesystem::weakly_canonical(std::filesystem::absolute(path, unknown), unknown);
  };
  return real(a) == real(b);
}

void check_outputs_differ(const TrainOptions& options) {
  const auto clash = [](const auto& a, const char* a_flag, const auto& b, const char* b_flag) {
    if (!a || !b || !same_file(*a, *b)) return;
    throw UsageError(std::string(a_flag) + " and " + b_flag + " name the same file '" + a->string() + "'");
  };
  clash(options.json, "--json", options.report, "--report");
  clash(options.json, "--json", options.checkpoint, "--checkpoint");
  clash(options.json, "--json", options.resume, "--resume");
  clash(options.report, "--report", options.checkpoint, "--checkpoint");
  clash(options.report, "--report", options.resume, "--resume");
}

void check_step_path(const MachineOptions& machine) {
  if (machine.step_path == mlp::StepPath::automatic || machine.device == DeviceChoice::automatic ||
      machine.device == DeviceChoice::cuda) {
    return;
  }
  throw UsageError(apps::cat("--cuda-steps: '", mlp::name(machine.step_path),
                             "' is not allowed with --device ", device_name(machine.device), "; give auto"));
}

/// Nothing is resumed and nothing kept: whoever asks for either expects a training.
void check_validation(const TrainOptions& options) {
  if (!options.validate) return;
  const auto refuse = [](bool given, const char* flag, const char* why) {
    if (given) throw UsageError(apps::cat(flag, ": not allowed with --validate, which ", why));
  };
  refuse(options.resume.has_value(), "--resume", "starts from the initial weights");
  refuse(options.checkpoint.has_value(), "--checkpoint", "keeps no network");
  refuse(options.report.has_value(), "--report", "has no training to report");
}

Ending usage_ending(std::string_view what) {
  return {kExitUsage, apps::printable(apps::cat(kProgram, ": ", what)) + "\n"};
}

/// CLI11 leaves two blank lines between groups; one is enough.
std::string tidy_help(std::string text) {
  for (std::size_t at = 0; (at = text.find("\n\n\n")) != std::string::npos;) text.erase(at, 1);
  return text;
}

/// Parses argv[first …] with the app and turns the parser's exceptions into an Ending.
std::optional<Ending> run_parser(CLI::App& app, const std::string& help_command, int argc,
                                 const char* const* argv, int first) {
  app.set_help_flag("-h,--help", "print this help");
  std::vector<std::string> reversed;  // what CLI11 wants of a vector
  for (int i = argc - 1; i >= first; --i) reversed.emplace_back(argv[i]);
  try {
    app.parse(reversed);
    return std::nullopt;
  } catch (const CLI::CallForHelp&) {
    return Ending{0, tidy_help(app.help())};
  } catch (const CLI::CallForVersion&) {
    return Ending{0, std::string(kProgram) + " " + apps::build().version + "\n"};
  } catch (const CLI::ArgumentMismatch& error) {
    // The parser names options with their dashes, and flags that got a value without.
    const std::string_view what = error.what();
    const std::string_view name = what.substr(0, what.find_first_of(": "));
    return usage_ending(name.starts_with('-')
                            ? apps::cat(name, ": give exactly one value (see ", help_command, " --help)")
                            : apps::cat("--", name, ": takes no value (see ", help_command, " --help)"));
  } catch (const CLI::ParseError& error) {
    std::string line = error.what();
    for (char& c : line) c = c == '\n' ? ' ' : c;
    return usage_ending(apps::cat(line, " (see ", help_command, " --help)"));
  } catch (const UsageError& error) {
    return usage_ending(error.what());
  }
}

Command parse_train(int argc, const char* const* argv) {
  TrainOptions options;
  options.program = argc > 0 ? argv[0] : kProgram;
  CLI::App app(train_description());
  app.formatter(std::make_shared<HelpFormatter>(train_usage()));
  app.footer(train_footer());
  app.set_version_flag("--version", apps::build().version, "print the version");
  add(app, "--data", "DIR", "folder with the four IDX files, plain or gzipped", "Data",
      path_into(options.data, "--data"));
  add_flag(app, "--offline", options.offline, "never touch the network", "Data");
  add_recipe_options(app, options.recipe);
  add_machine_options(app, options.machine);
  add(app, "--cuda-steps", "NAME",
      "how CUDA takes its steps: auto (resident if the network fits on chip, else graph), resident, graph or "
      "stream",
      "Machine", [&options](const std::string& text) {
        const std::string word = parse("--cuda-steps", text, kPaths);
        options.machine.step_path = static_cast<mlp::StepPath>(kPaths.index_of(word));
      });
  add(app, "--validate", "N",
      "instead of training, judge the device's first N steps by the reference (about 0.2 s each)", "Machine",
      [&options](const std::string& text) {
        options.validate = static_cast<std::int64_t>(parse("--validate", text, kSteps));
      });
  add_output_options(app, options);
  if (auto ending = run_parser(app, kProgram, argc, argv, 1)) return *ending;
  try {
    check_outputs_differ(options);
    check_validation(options);
    check_step_path(options.machine);
  } catch (const UsageError& error) {
    return usage_ending(error.what());
  }
  return options;
}

Command parse_predict(int argc, const char* const* argv) {
  PredictOptions options;
  CLI::App app(predict_description());
  app.formatter(std::make_shared<HelpFormatter>(predict_usage()));
  app.footer(predict_footer());
  app.add_option("CHECKPOINT", options.checkpoint, "what xent-mnist --checkpoint saved")
      ->required()
      ->option_text(" ");
  app.add_option("IMAGE", options.images, "IDX, PNG or PGM files")->required()->option_text(" ");
  add(app, "--index", "N", "first image of an IDX file, from 0", "IDX files", [&](const std::string& text) {
    options.index = static_cast<std::int64_t>(parse("--index", text, kImages));
  });
  add(app, "--count", "N", "how many images of an IDX file (default 1)", "IDX files",
      [&](const std::string& text) {
        options.count = static_cast<std::int64_t>(parse("--count", text, Integers{1, kImages.hi}));
      });
  add(app, "--labels", "FILE", "IDX labels of the one IDX file, to compare with", "IDX files",
      path_into(options.labels, "--labels"));
  add_machine_options(app, options.machine);
  if (auto ending = run_parser(app, std::string(kProgram) + " predict", argc, argv, 2)) return *ending;
  if (options.labels && options.images.size() != 1) {
    return usage_ending("--labels: needs exactly one IMAGE, got " + std::to_string(options.images.size()));
  }
  return options;
}

}  // namespace

const char* device_name(DeviceChoice device) { return kDevices.words.at(static_cast<std::size_t>(device)); }

Command parse_command_line(int argc, const char* const* argv) {
  const bool predict = argc > 1 && std::string_view(argv[1]) == "predict";
  return predict ? parse_predict(argc, argv) : parse_train(argc, argv);
}

}  // namespace xent::mnist
