// xent-mnist: errors become one line on standard error and an exit code.
#include <cstdio>
#include <exception>
#include <new>

#include <xent/error.hpp>

#include "host/apps/mnist/commands.hpp"
#include "host/apps/mnist/errors.hpp"

namespace {

int fail(int exit_code, const char* what) {
  std::fprintf(stderr, "xent-mnist: %s\n", what);
  return exit_code;
}

}  // namespace

int main(int argc, char** argv) {
  using namespace xent::mnist;
  const WallClock::time_point start = WallClock::now();
  try {
    const Command command = parse_command_line(argc, argv);
    if (const auto* options = std::get_if<TrainOptions>(&command)) return train(*options, start);
    if (const auto* options = std::get_if<PredictOptions>(&command)) return predict(*options);
    const auto& ending = std::get<Ending>(command);
    std::fputs(ending.text.c_str(), ending.exit_code == 0 ? stdout : stderr);
    return ending.exit_code;
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
