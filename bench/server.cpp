// xent-bench-server THREADS: xent's side of bench/run. Stays alive and warm, takes one command per line on
// standard input and answers each with one line of JSON.
//
//   prepare NAME copy|read|fma
//   prepare NAME OPERATION DTYPE ROWS CLASSES REDUCTION [reference]
//   prepare NAME train STEPS       after "digits"; 0 steps are an epoch
//   prepare NAME train-floor STEPS the operations of their matrix products alone
//   run NAME CALLS WARM            seconds of CALLS calls, after WARM calls that nobody times
//   drop NAME                      frees what was prepared
//   judge OPERATION DTYPE ROWS CLASSES   the worst error of a result, and of how many rows
//   workspace ROWS                 the bytes that a call on a GPU would be given for so many rows
//   digits FOLDER                  loads the training digits and writes them there, raw
#include <cmath>
#include <iostream>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>
#include <xent/device.hpp>
#include <xent/parallel.hpp>

#include "bench/bandwidth.hpp"
#include "bench/judge.hpp"
#include "bench/loss.hpp"
#include "bench/protocol.hpp"
#include "bench/server_facts.hpp"
#include "bench/training.hpp"
#include "bench/workloads.hpp"
#include "host/data/mnist.hpp"

namespace {

using nlohmann::json;
using namespace xent::bench;

class Server {
 public:
  explicit Server(int threads) : threads_(xent::thread_count(threads)) {}

  int threads() const { return threads_; }

  json answer(std::istream& command) {
    const auto verb = word<std::string>(command, "command");
    if (verb == "digits") return digits(word<std::string>(command, "folder"));
    if (verb == "judge") return judge(command);
    if (verb == "workspace") return {{"bytes", xent::workspace_bytes(positive(command, "rows"))}};
    const auto name = word<std::string>(command, "name");
    if (verb == "prepare") return workloads_.prepare(name, [&] { return workload(command); });
    if (verb == "run") return workloads_.run(name, command);
    if (verb == "drop") return workloads_.drop(name);
    throw std::runtime_error("command \"" + verb + "\" is not known");
  }

 private:
  Workload workload(std::istream& command) const {
    const auto kind = word<std::string>(command, "kind");
    if (kind == "copy") return copy_limit(threads_);
    if (kind == "read") return read_limit(threads_);
    if (kind == "fma") return multiply_add_limit(threads_);
    if (kind == "train" || kind == "train-floor") {
      if (!digits_) throw std::runtime_error("no digits yet");
      const auto steps = word<std::int64_t>(command, "steps");
      return kind == "train" ? training(digits_, steps, threads_) : training_floor(*digits_, steps, threads_);
    }
    LossCase loss = loss_case(kind, command);
    const auto reduction = word<std::string>(command, "reduction");
    loss.reduction = known(reduction_from(reduction), reduction);
    if (std::string device; command >> device) loss.device = known(device_from(device), device);
    return make_workload(loss, threads_);
  }

  static LossCase loss_case(const std::string& operation, std::istream& command) {
    LossCase loss;
    loss.operation = known(operation_from(operation), operation);
    const auto dtype = word<std::string>(command, "dtype");
    loss.dtype = known(dtype_from(dtype), dtype);
    loss.rows = positive(command, "rows");
    loss.classes = positive(command, "classes");
    return loss;
  }

  json judge(std::istream& command) const {
    const auto [worst, rows] =
        xent::bench::judge(loss_case(word<std::string>(command, "operation"), command), threads_);
    if (!std::isfinite(worst)) throw std::runtime_error("the result holds what is not a number");
    return {{"worst", worst}, {"rows", rows}};
  }

  json digits(const std::string& folder) {
    auto loaded = xent::data::load_digits({.offline = true});
    write_digits(loaded.train, folder);
    digits_ = std::make_shared<const xent::data::Dataset>(std::move(loaded.train));
    return {{"count", digits_->count},
            {"features", digits_->features()},
            {"origin", loaded.synthetic ? "synthetic digits" : "MNIST"}};
  }

  int threads_;
  Workloads workloads_{};
  std::shared_ptr<const xent::data::Dataset> digits_{};
};

}  // namespace

int main(int argc, char** argv) {
  if (argc != 2) {
    std::cerr << "usage: xent-bench-server THREADS   (bench/run drives it)\n";
    return 2;
  }
  try {
    Server server(std::stoi(argv[1]));
    std::cout << server_facts(server.threads()) << std::endl;
    serve([&](std::istream& command) { return server.answer(command); });
  } catch (const std::exception& error) {
    std::cerr << "xent-bench-server: " << error.what() << "\n";
    return 1;
  }
}
