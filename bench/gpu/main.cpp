// xent-gpu-bench: xent's side of bench/gpu/run. Takes one command per line on standard input and answers each
// with one line of JSON.
//
//   prepare NAME copy|read|launch|graph_node|gemm
//   prepare NAME grid_sync BLOCKS
//   prepare NAME OPERATION DTYPE ROWS CLASSES MODE   see loss.hpp and work.hpp
//   prepare NAME mapped OPERATION DTYPE ROWS CLASSES MAPPING BLOCKS_PER_MULTIPROCESSOR FILL   see mapped.hpp
//   run NAME LAUNCHES WARM     seconds of LAUNCHES launches, after WARM that nobody times; prepare said how
//                              many calls a launch is
//   drop NAME                  frees what was prepared
#include <iostream>
#include <map>
#include <string>

#include <xent/version.h>
#include <xent/device.hpp>

#include "bench/gpu/costs.hpp"
#include "bench/gpu/loss.hpp"
#include "bench/gpu/mapped.hpp"
#include "bench/protocol.hpp"
#include "host/cuda/memory.hpp"

namespace {

using nlohmann::json;
using namespace xent::bench;
namespace cuda = xent::cuda;

class Server {
 public:
  json answer(std::istream& command) {
    const auto verb = word<std::string>(command, "command");
    const auto name = word<std::string>(command, "name");
    if (verb == "prepare") return prepare(name, command);
    if (verb == "run") return run(name, command);
    if (verb == "drop") return {{"dropped", works_.erase(name)}};
    throw std::runtime_error("command \"" + verb + "\" is not known");
  }

 private:
  GpuWork work(std::istream& command) const {
    const auto kind = word<std::string>(command, "kind");
    if (kind == "copy") return copy_limit(stream_.get());
    if (kind == "read") return read_limit(stream_.get());
    if (kind == "launch") return launch_cost(stream_.get());
    if (kind == "graph_node") return graph_node_cost(stream_.get());
    if (kind == "gemm") return gemm_rate(stream_.get());
    if (kind == "grid_sync") {
      return grid_sync_cost(static_cast<unsigned>(positive(command, "blocks")), stream_.get());
    }
    if (kind == "mapped") return mapped(command);
    GpuLossCase loss;
    loss.operation = known(gpu_operation_from(kind), kind);
    const auto dtype = word<std::string>(command, "dtype");
    loss.dtype = known(gpu_dtype_from(dtype), dtype);
    loss.rows = positive(command, "rows");
    loss.classes = positive(command, "classes");
    const auto mode = word<std::string>(command, "mode");
    loss.mode = known(mode_from(mode), mode);
    return make_gpu_work(loss, stream_.get());
  }

  GpuWork mapped(std::istream& command) const {
    MappedCase c;
    const auto operation = word<std::string>(command, "operation");
    c.operation = known(mapped_operation_from(operation), operation);
    const auto dtype = word<std::string>(command, "dtype");
    c.dtype = dtype == name(xent::DType::f64) ? xent::DType::f64 : known(gpu_dtype_from(dtype), dtype);
    c.rows = positive(command, "rows");
    c.classes = positive(command, "classes");
    const auto mapping = word<std::string>(command, "mapping");
    c.mapping = known(mapping_from(mapping), mapping);
    c.blocks_per_multiprocessor = positive(command, "blocks per multiprocessor");
    const auto fill = word<std::string>(command, "fill");
    c.in_bulk = known(in_bulk_from(fill), fill);
    return make_mapped_work(c, stream_.get());
  }

  json prepare(const std::string& name, std::istream& command) {
    works_.erase(name);
    const GpuWork& made = works_[name] = work(command);
    return {{"bytes", made.bytes},  {"calls", made.calls}, {"sets", made.sets},
            {"cold", made.cold},    {"plan", made.plan},   {"operations", made.operations},
            {"remark", made.remark}};
  }

  json run(const std::string& name, std::istream& command) {
    const auto launches = positive(command, "launches");
    const auto warm = word<std::int64_t>(command, "warm");
    const auto found = works_.find(name);
    if (found == works_.end()) throw std::runtime_error("nothing is prepared as \"" + name + "\"");
    return {{"seconds", seconds_of(found->second, launches, warm, stream_.get())}};
  }

  cuda::OwnedStream stream_{};  // no recording on the default stream
  std::map<std::string, GpuWork> works_{};
};

json facts() {
  const xent::plan::DeviceProperties& device = cuda::device_properties();
  return {{"name", "xent"},
          {"version", XENT_VERSION_STRING},
          {"compiler", __VERSION__},
          {"device", cuda::device_name()},
          {"compute_capability", device.compute_capability},
          {"multiprocessors", device.multiprocessors},
          {"level2_mib", static_cast<double>(cuda::level2_cache_bytes()) / (1 << 20)},
          {"cuda_runtime", cuda::versions().runtime},
          {"cuda_driver", cuda::versions().driver}};
}

}  // namespace

int main() {
  if (const std::string why = xent::unavailable(xent::Device::cuda); !why.empty()) {
    std::cout << json{{"unavailable", why}} << std::endl;
    std::cerr << "xent-gpu-bench: " << why << "\n";
    return 2;
  }
  try {
    Server server;
    std::cout << facts() << std::endl;
    serve([&](std::istream& command) { return server.answer(command); });
  } catch (const std::exception& error) {
    std::cerr << "xent-gpu-bench: " << error.what() << "\n";
    return 1;
  }
}
