// xent-bench-server THREADS: xent's side of bench/run. Stays alive and warm, takes one command per line on
// standard input and answers each with one line of JSON.
//
//   prepare NAME copy|read
//   prepare NAME OPERATION DTYPE ROWS CLASSES REDUCTION
//   prepare NAME train STEPS       after "digits"; 0 steps are an epoch
//   run NAME CALLS WARM            seconds of CALLS calls, after WARM calls that nobody times
//   drop NAME                      frees what was prepared
//   digits FOLDER                  loads the training digits and writes them there, raw
#include <chrono>
#include <iostream>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include <nlohmann/json.hpp>
#include <xent/parallel.hpp>

#include "bench/bandwidth.hpp"
#include "bench/loss.hpp"
#include "bench/protocol.hpp"
#include "bench/server_facts.hpp"
#include "bench/training.hpp"
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
    const auto name = word<std::string>(command, "name");
    if (verb == "prepare") return prepare(name, command);
    if (verb == "run") return run(name, command);
    if (verb == "drop") return {{"dropped", workloads_.erase(name)}};
    throw std::runtime_error("command \"" + verb + "\" is not known");
  }

 private:
  Workload workload(std::istream& command) const {
    const auto kind = word<std::string>(command, "kind");
    if (kind == "copy") return copy_limit(threads_);
    if (kind == "read") return read_limit(threads_);
    if (kind == "train") {
      if (!digits_) throw std::runtime_error("no digits yet");
      return training(digits_, word<std::int64_t>(command, "steps"), threads_);
    }
    LossCase loss;
    loss.operation = known(operation_from(kind), kind);
    const auto dtype = word<std::string>(command, "dtype");
    loss.dtype = known(dtype_from(dtype), dtype);
    loss.rows = positive(command, "rows");
    loss.classes = positive(command, "classes");
    const auto reduction = word<std::string>(command, "reduction");
    loss.reduction = known(reduction_from(reduction), reduction);
    return make_workload(loss, threads_);
  }

  json prepare(const std::string& name, std::istream& command) {
    workloads_.erase(name);
    const Workload& made = workloads_[name] = workload(command);
    return {{"bytes", made.bytes}, {"sets", made.sets}, {"remark", made.remark}};
  }

  json run(const std::string& name, std::istream& command) {
    const auto calls = positive(command, "calls");
    const auto warm = word<std::int64_t>(command, "warm");
    const auto found = workloads_.find(name);
    if (found == workloads_.end()) throw std::runtime_error("nothing is prepared as \"" + name + "\"");
    const auto& call = found->second.call;
    for (std::int64_t i = 0; i < warm; ++i) call();
    const auto start = std::chrono::steady_clock::now();
    for (std::int64_t i = 0; i < calls; ++i) call();
    return {{"seconds", std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count()}};
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
  std::map<std::string, Workload> workloads_{};
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
