// Runs the tests if there is a GPU for them. Without one there are none, and ctest lists none.
#include <cstdio>

#include <gtest/gtest.h>
#include <xent/device.hpp>

int main(int argc, char** argv) {
  ::testing::InitGoogleTest(&argc, argv);
  if (const std::string why = xent::unavailable(xent::Device::cuda); !why.empty()) {
    std::fprintf(stderr, "no GPU tests: %s\n", why.c_str());
    return GTEST_FLAG_GET(list_tests) ? 0 : 77;  // ctest's word for skipped
  }
  return RUN_ALL_TESTS();
}
