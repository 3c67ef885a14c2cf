// xent-bench: the library by itself, under Google Benchmark, beside the memory bandwidth of the machine.
// For the comparison with PyTorch, and for figures to quote, see bench/run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <utility>
#include <vector>

#include <benchmark/benchmark.h>
#include <xent/version.h>
#include <xent/parallel.hpp>

#include "bench/bandwidth.hpp"
#include "bench/loss.hpp"

namespace {

using xent::bench::LossCase;
using xent::bench::Operation;
using xent::bench::Workload;

constexpr std::pair<std::int64_t, std::int64_t> kShapes[] = {
    {8192, 10}, {4096, 1000}, {256, 50257}, {128, 128256}};
constexpr Operation kOperations[] = {Operation::cross_entropy, Operation::cross_entropy_forward,
                                     Operation::cross_entropy_backward, Operation::softmax,
                                     Operation::log_softmax};
constexpr xent::DType kDTypes[] = {xent::DType::f32, xent::DType::bf16, xent::DType::f16};
constexpr int kRepetitions = 9;

/// Bytes per second, the median of nine.
double measure_limit(const Workload& limit) {
  std::vector<double> seconds(9);
  for (double& time : seconds) {
    const auto start = std::chrono::steady_clock::now();
    limit.call();
    time = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  }
  std::nth_element(seconds.begin(), seconds.begin() + 4, seconds.end());
  return limit.bytes / seconds[4];
}

/// Measures reading and copying, and shows both in the heading. Returns the copy's bytes per second.
double limits(int threads) {
  const auto show = [&](const char* what, double rate, const std::string& how) {
    char text[160];
    std::snprintf(text, sizeof text, "%.1f GB/s (%s)", rate * 1e-9, how.c_str());
    benchmark::AddCustomContext(std::string(what) + ", threads " + std::to_string(threads), text);
  };
  const Workload read = xent::bench::read_limit(threads);
  show("read", measure_limit(read), read.remark);
  const Workload copy = xent::bench::copy_limit(threads);
  const double rate = measure_limit(copy);
  show("copy", rate, copy.remark);
  return rate;
}

void run(benchmark::State& state, const LossCase& loss, int threads, double copy_rate) {
  const Workload workload = xent::bench::make_workload(loss, threads);
  workload.call();
  for (auto _ : state) workload.call();
  using benchmark::Counter;
  state.counters["bytes/s"] = Counter(workload.bytes, Counter::kIsIterationInvariantRate);
  state.counters["%copy"] = Counter(100.0 * workload.bytes / copy_rate, Counter::kIsIterationInvariantRate);
  state.counters["buffer_sets"] = static_cast<double>(workload.sets);
}

void add_case(const LossCase& loss, int threads, double copy_rate) {
  const std::string name = std::string(xent::bench::name(loss.operation)) + "/" + xent::name(loss.dtype) +
                           "/" + std::to_string(loss.rows) + "x" + std::to_string(loss.classes) +
                           "/threads:" + std::to_string(threads);
  benchmark::RegisterBenchmark(name.c_str(), run, loss, threads, copy_rate)
      ->Repetitions(kRepetitions)
      ->ReportAggregatesOnly()
      ->Unit(benchmark::kMicrosecond)
      ->UseRealTime();
}

}  // namespace

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 2;
  benchmark::AddCustomContext("xent", XENT_VERSION_STRING);
  std::vector<int> thread_counts{1};
  if (const int all = xent::thread_count(0); all > 1) thread_counts.push_back(all);
  for (const int threads : thread_counts) {
    const double copy_rate = limits(threads);
    for (const Operation operation : kOperations) {
      for (const xent::DType dtype : kDTypes) {
        for (const auto& [rows, classes] : kShapes) {
          add_case({.operation = operation, .dtype = dtype, .rows = rows, .classes = classes}, threads,
                   copy_rate);
        }
      }
    }
  }
  benchmark::RunSpecifiedBenchmarks();
}
