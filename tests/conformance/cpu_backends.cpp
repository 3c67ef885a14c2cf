// The CPU's backends: on one thread, on several, and the reference itself where a suite does not compare with
// it.
#include "tests/conformance/backend.hpp"

namespace xent::testing {
namespace {

constexpr int kThreads[kVariants] = {2, 1, 3, 0};

Exec threads(int variant) { return {.device = Device::cpu, .threads = kThreads[variant]}; }
Exec one_thread(int) { return {.device = Device::cpu, .threads = 1}; }
Exec reference(int) { return {.device = Device::reference, .threads = 1}; }

constexpr Backend kTwoThreads{"cpu_2_threads", threads};
constexpr Backend kOneThread{"cpu_1_thread", one_thread};
constexpr Backend kReference{"reference", reference};

}  // namespace

std::vector<Backend> every_backend() { return {kOneThread, kTwoThreads, kReference}; }
std::vector<Backend> main_backends() { return {kTwoThreads}; }

}  // namespace xent::testing
