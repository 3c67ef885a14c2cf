// What a machine without a usable GPU is told, for machines made up of numbers.
#include "host/cuda/diagnosis.hpp"

#include <gtest/gtest.h>

namespace xent::cuda {
namespace {

constexpr int k12Dot4 = 12040;
constexpr int k13Dot0 = 13000;
constexpr int k13Dot2 = 13020;

DriverFacts good() {
  return {.runtime = k13Dot0,
          .driver = k13Dot0,
          .devices = 1,
          .device_name = "NVIDIA H200",
          .compute_capability = 90,
          .has_kernels = true};
}

TEST(Diagnosis, NothingIsSaidOfAMachineThatWorks) {
  EXPECT_EQ(diagnose(good()), "");
  DriverFacts newer = good();
  newer.driver = k13Dot2;
  EXPECT_EQ(diagnose(newer), "");
  DriverFacts older_minor = good();
  older_minor.runtime = k13Dot2;
  EXPECT_EQ(diagnose(older_minor), "");
}

TEST(Diagnosis, EachHindranceHasItsLine) {
  EXPECT_EQ(diagnose({.runtime = k13Dot0}), "no NVIDIA driver is installed");

  DriverFacts old = good();
  old.driver = k12Dot4;
  EXPECT_EQ(diagnose(old),
            "the NVIDIA driver is too old: it supports CUDA 12.4, this build needs 13.0 or newer");

  DriverFacts none = good();
  none.devices = 0;
  EXPECT_EQ(diagnose(none), "no CUDA device");
  none.reason = "no CUDA-capable device is detected";
  EXPECT_EQ(diagnose(none), "no CUDA device (no CUDA-capable device is detected)");

  DriverFacts busy = good();
  busy.reason = "all CUDA-capable devices are busy or unavailable";
  busy.has_kernels = false;
  EXPECT_EQ(diagnose(busy),
            "the CUDA device cannot be asked (all CUDA-capable devices are busy or unavailable)");

  DriverFacts pascal = good();
  pascal.device_name = "Tesla P100";
  pascal.compute_capability = 60;
  pascal.has_kernels = false;
  EXPECT_EQ(diagnose(pascal), "no kernel in this build runs on Tesla P100 (compute capability 6.0)");
}

}  // namespace
}  // namespace xent::cuda
