// xent-mnist: errors become one line on standard error and an exit code.
#include <cstdio>
#include <exception>
#include <new>

#include <xent/error.hpp>

#include "host/apps/common/standard_streams.hpp"
#include "host/apps/common/text.hpp"
#include "host/apps/mnist/commands.hpp"
#include "host/apps/mnist/errors.hpp"

namespace {

int fail(int exit_code, const char* what) {
  xent::apps::print_line(stderr, xent::apps::cat("xent-mnist: ", what));
  return exit_code;
}

int run(int argc, char** argv, xent::mnist::WallClock::time_point start) {
  using namespace xent::mnist;
  const Command command = parse_command_line(argc, argv);
  if (const auto* options = std::get_if<TrainOptions>(&command)) {
    return options->validate ? validate(*options, start) : train(*options, start);
  }
  if (const auto* options = std::get_if<PredictOptions>(&command)) return predict(*options);
  const auto& ending = std::get<Ending>(command);
  std::fputs(ending.text.c_str(), ending.exit_code == 0 ? stdout : stderr);
  return ending.exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace xent::mnist;
  const WallClock::time_point start = WallClock::now();
  xent::apps::open_closed_streams();
  try {
    const int exit_code = run(argc, argv, start);
    // A full disk shows only now, and what was asked for is then lost.
    const bool lost = std::fflush(stdout) != 0 || std::ferror(stdout) != 0;
    return lost && exit_code == 0 ? fail(kExitFailure, "cannot write to standard output") : exit_code;
  } catch (const UsageError& error) {
    return fail(kExitUsage, error.what());
  } catch (const xent::InvalidArgument& error) {
    return fail(kExitUsage, error.what());
  } catch (const std::bad_alloc&) {
    return fail(kExitFailure, "out of memory");
  } catch (const std::exception& error) {
    return fail(kExitFailure, error.what());
  }
}
