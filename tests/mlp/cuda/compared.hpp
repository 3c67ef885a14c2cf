// Networks and results against each other, tensor by tensor.
#pragma once

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "host/mlp/backend.hpp"

namespace xent::mlp::test {

/// Calls body(what, tensor of a, tensor of b) for each.
template <class Body>
void for_each_tensor(const NetworkState& a, const NetworkState& b, const Body& body) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t l = 0; l < a.size(); ++l) {
    const auto both = [&](const char* name, const Parameter& p, const Parameter& q) {
      const std::string what = "layer " + std::to_string(l) + ", " + name;
      body(what + " value", p.value, q.value);
      body(what + " moment1", p.moment1, q.moment1);
      body(what + " moment2", p.moment2, q.moment2);
    };
    both("weight", a[l].weight, b[l].weight);
    both("bias", a[l].bias, b[l].bias);
  }
}

using Tensor = std::vector<double>;

inline void expect_equal(const NetworkState& a, const NetworkState& b) {
  for_each_tensor(a, b,
                  [](const std::string& what, const Tensor& p, const Tensor& q) { EXPECT_EQ(p, q) << what; });
}

/// Within so much of the tensor's largest element.
inline void expect_near(const NetworkState& a, const NetworkState& b, double relative) {
  for_each_tensor(a, b, [&](const std::string& what, const Tensor& p, const Tensor& q) {
    ASSERT_EQ(p.size(), q.size()) << what;
    double scale = 0.0;
    for (const double x : q) scale = std::max(scale, std::abs(x));
    for (std::size_t i = 0; i < p.size(); ++i) ASSERT_NEAR(p[i], q[i], relative * scale) << what << " " << i;
  });
}

inline void expect_equal(const std::vector<BatchResult>& a, const std::vector<BatchResult>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_EQ(a[i].loss, b[i].loss) << "step " << i;
    EXPECT_EQ(a[i].correct, b[i].correct) << "step " << i;
  }
}

/// Losses within so much of themselves.
inline void expect_near(const std::vector<BatchResult>& a, const std::vector<BatchResult>& b,
                        double relative) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    EXPECT_NEAR(a[i].loss, b[i].loss, relative * b[i].loss) << "step " << i;
    EXPECT_EQ(a[i].correct, b[i].correct) << "step " << i;
  }
}

}  // namespace xent::mlp::test
