#include "host/cuda/diagnosis.hpp"

namespace xent::cuda {
namespace {

std::string version(int number) {
  return std::to_string(number / 1000) + "." + std::to_string(number % 1000 / 10);
}

}  // namespace

std::string diagnose(const DriverFacts& facts) {
  if (facts.driver == 0) return "no NVIDIA driver is installed";
  // Within a major version, an older driver runs what a newer toolkit compiled.
  if (facts.driver / 1000 < facts.runtime / 1000) {
    return "the NVIDIA driver is too old: it supports CUDA " + version(facts.driver) + ", this build needs " +
           std::to_string(facts.runtime / 1000) + ".0 or newer";
  }
  if (facts.devices == 0) {
    return "no CUDA device" + (facts.reason.empty() ? std::string() : " (" + facts.reason + ")");
  }
  if (!facts.reason.empty()) return "the CUDA device cannot be asked (" + facts.reason + ")";
  if (!facts.has_kernels) {
    return "no kernel in this build runs on " + facts.device_name + " (compute capability " +
           std::to_string(facts.compute_capability / 10) + "." +
           std::to_string(facts.compute_capability % 10) + ")";
  }
  return {};
}

}  // namespace xent::cuda
