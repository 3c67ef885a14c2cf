#include "host/apps/info/plan_command.hpp"

#include <cstdint>
#include <cstdio>
#include <iostream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <CLI/CLI.hpp>

#include "host/apps/common/text.hpp"
#include "host/plan/cpu_plan.hpp"
#include "host/plan/gpu_devices.hpp"
#include "host/plan/gpu_plan.hpp"

namespace xent::apps {
namespace {

/// Matrices that an op reads and, if it is asked for a gradient or has a matrix for a result, writes.
struct OpWork {
  plan::CpuOp on_cpu = plan::CpuOp::loss;
  int matrices_read = 1;
  bool always_writes = false;
  bool reads_ahead = false;
};

const std::map<std::string, OpWork> kOps{
    {"softmax", {plan::CpuOp::softmax, 1, true, true}},
    {"log_softmax", {plan::CpuOp::softmax, 1, true, true}},
    {"softmax_backward", {plan::CpuOp::softmax_backward, 2, true}},
    {"log_softmax_backward", {plan::CpuOp::softmax_backward, 2, true}},
    {"cross_entropy", {plan::CpuOp::loss, 1, false, true}},
    {"cross_entropy_backward", {plan::CpuOp::loss_backward, 1, true, true}},
    {"kl_divergence", {plan::CpuOp::loss, 2, false}},
    {"js_divergence", {plan::CpuOp::loss, 2, false}},
};
const std::map<std::string, DType> kDTypes{
    {"f32", DType::f32}, {"f16", DType::f16}, {"bf16", DType::bf16}, {"f64", DType::f64}};

struct Question {
  std::string op;
  std::int64_t rows = 0;
  std::int64_t classes = 0;
  std::string dtype = "f32";
  bool grad = false;
  bool soft_targets = false;
  int threads = 0;
  std::string gpu = "h200";
  double bandwidth = 0.0;  ///< 10^9 B/s
};

template <class Value>
std::vector<std::string> names_of(const std::map<std::string, Value>& map) {
  std::vector<std::string> names;
  names.reserve(map.size());
  for (const auto& [name, value] : map) names.push_back(name);
  return names;
}

std::map<std::string, plan::DeviceProperties> devices() {
  std::map<std::string, plan::DeviceProperties> all;
  for (const plan::NamedDevice& named : plan::kNamedDevices) all[std::string(named.name)] = named.properties;
  return all;
}

void print_time(const Question& asked, std::int64_t bytes) {
  if (asked.bandwidth == 0.0) return;
  const double seconds = static_cast<double>(bytes) / (1e9 * asked.bandwidth);
  std::printf("     at %s GB/s that takes %s ms at the least\n", shortest(asked.bandwidth).c_str(),
              fixed(1e3 * seconds, 3).c_str());
}

void answer(const Question& asked) {
  const OpWork& op = kOps.at(asked.op);
  const Layout layout = row_major(asked.rows, asked.classes);
  const DType dtype = kDTypes.at(asked.dtype);
  const int read = op.matrices_read + (asked.soft_targets ? 1 : 0);
  const bool writes = op.always_writes || asked.grad;
  const bool soft = asked.soft_targets && op.on_cpu == plan::CpuOp::loss;
  const plan::CpuPlan cpu = plan::plan_cpu({.op = soft ? plan::CpuOp::soft_loss : op.on_cpu,
                                            .layout = layout,
                                            .dtype = dtype,
                                            .matrices_read = read,
                                            .writes_matrix = writes},
                                           asked.threads);
  std::printf("%s\n", to_string(cpu).c_str());
  print_time(asked, cpu.bytes_read + cpu.bytes_written);
  const plan::DeviceProperties device = devices().at(asked.gpu);
  const plan::GpuPlan gpu = plan::plan_gpu({.layout = layout,
                                            .dtype = dtype,
                                            .tiles = read,
                                            .matrices_read = read,
                                            .writes_matrix = writes,
                                            .reads_ahead = op.reads_ahead && !asked.soft_targets},
                                           device);
  std::printf("%s\n     on %s (sm_%d, %d multiprocessors): occupancy %s\n", to_string(gpu).c_str(),
              asked.gpu.c_str(), device.compute_capability, device.multiprocessors,
              percent(occupancy(gpu, device), 0).c_str());
  print_time(asked, gpu.bytes_read + gpu.bytes_written);
}

}  // namespace

int plan_command(int argc, char** argv) {
  constexpr double kMostElements = 1LL << 56;
  Question asked;
  CLI::App app(
      "How a call on row-major matrices would be done on the CPU and on a GPU: the mapping of rows to\n"
      "threads, what stays on chip, and the bytes that move. Nothing is run.",
      "xent-info plan");
  app.add_option("op", asked.op, "What to do")->required()->check(CLI::IsMember(names_of(kOps)));
  app.add_option("--rows", asked.rows, "Rows of the logits")
      ->required()
      ->check(CLI::Range(1.0, kMostElements));
  app.add_option("--classes", asked.classes, "Columns of the logits")
      ->required()
      ->check(CLI::Range(1.0, kMostElements));
  app.add_option("--dtype", asked.dtype, "Element type")
      ->capture_default_str()
      ->check(CLI::IsMember(names_of(kDTypes)));
  app.add_flag("--grad", asked.grad, "With the gradient, where the op can do without");
  app.add_flag("--soft-targets", asked.soft_targets, "Cross-entropy against probabilities");
  app.add_option("--threads", asked.threads, "Of the CPU; 0 is all")
      ->capture_default_str()
      ->check(CLI::Range(0, 4096));
  app.add_option("--gpu", asked.gpu, "Which GPU")
      ->capture_default_str()
      ->check(CLI::IsMember(names_of(devices())));
  app.add_option("--bandwidth", asked.bandwidth, "10^9 B/s that memory does: prints the least time")
      ->check(CLI::PositiveNumber);
  try {
    app.parse(argc, argv);
    const bool loss = asked.op.starts_with("cross_entropy");
    if (asked.soft_targets && !loss) {
      throw CLI::ValidationError("--soft-targets", "is for cross_entropy and cross_entropy_backward");
    }
    if (static_cast<double>(asked.rows) * static_cast<double>(asked.classes) > kMostElements) {
      throw CLI::ValidationError("--rows", "times --classes must be at most 2^56");
    }
  } catch (const CLI::ParseError& error) {
    return app.exit(error, std::cout, std::cerr) == 0 ? 0 : 2;
  }
  answer(asked);
  return 0;
}

}  // namespace xent::apps
