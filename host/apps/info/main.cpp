// xent-info: what this build is, what it finds on this machine, and how it would do a call.
#include <cstdio>
#include <string>
#include <string_view>

#include <xent/device.hpp>
#include <xent/parallel.hpp>

#include "host/apps/common/machine.hpp"
#include "host/apps/common/text.hpp"
#include "host/apps/info/plan_command.hpp"

namespace {

void line(const char* label, const std::string& value) { std::printf("%-10s%s\n", label, value.c_str()); }

void print_info() {
  using xent::apps::cat;
  const xent::apps::Build build = xent::apps::build();
  const auto targets = xent::apps::simd_targets();
  std::string names;
  for (const std::string& target : targets) names += cat(names.empty() ? "" : " ", target);
  line("xent", build.version);
  line("compiler", cat(build.compiler, ", ", build.type.empty() ? "no build type" : build.type));
  line("flags", build.flags);
  line("processor", xent::apps::processor());
  line("SIMD", cat(names, "; used: ", targets.empty() ? "none" : targets.front()));
  line("threads", std::to_string(xent::thread_count(0)));
  const std::string why = xent::unavailable(xent::Device::cuda);
  line("devices", why.empty() ? "cpu, reference, cuda" : cat("cpu, reference; no cuda: ", why));
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view option = argc > 1 ? argv[1] : "";
  if (argc == 1) {
    print_info();
    return 0;
  }
  if (option == "plan") return xent::apps::plan_command(argc - 1, argv + 1);
  const bool help = option == "--help" || option == "-h";
  std::fputs(
      "Usage: xent-info\nPrints version, build, processor, SIMD targets, threads and devices.\n\n"
      "Usage: xent-info plan OP --rows N --classes C [OPTIONS]\n"
      "Prints how a call would be done, and the bytes that it would move (xent-info plan --help).\n",
      help ? stdout : stderr);
  return help ? 0 : 2;
}
