// PyTorch's float64 binary cross-entropy and divergences (unlabelled.json, written by
// make_unlabelled_golden.py) against every device.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>
#include <xent/xent.hpp>

namespace xent {
namespace {

using nlohmann::json;

const json& golden() {
  static const json file = json::parse(std::ifstream(XENT_UNLABELLED_GOLDEN_FILE));
  return file;
}

/// (N, C) or (N, C, d).
Layout layout_of(const json& c) {
  const auto shape = c.at("shape").get<std::vector<std::int64_t>>();
  return channels_first(shape[0], shape[1], shape.size() > 2 ? shape[2] : 1);
}

Reduction reduction_of(const json& c) {
  const std::string reduction = c.at("reduction");
  return reduction == "none" ? Reduction::none : reduction == "sum" ? Reduction::sum : Reduction::mean;
}

template <class T>
struct Answer {
  std::vector<T> output;
  std::vector<T> grad;
  std::vector<T> second_grad;
};

template <class T>
std::vector<T> numbers(const json& c, const char* key) {
  return c.contains(key) ? c.at(key).get<std::vector<T>>() : std::vector<T>();
}

template <class T>
Answer<T> answer_of(const json& c, const Exec& exec) {
  const auto first = numbers<T>(c, "input");
  const auto second = numbers<T>(c, "second");
  const auto upstream = numbers<T>(c, "upstream");
  const Layout layout = layout_of(c);
  const Reduction reduction = reduction_of(c);
  Answer<T> answer{std::vector<T>(upstream.size()), std::vector<T>(first.size()),
                   std::vector<T>(first.size())};
  const VectorView loss = vector(answer.output.data(), std::ssize(answer.output));
  const MatrixView grad = matrix(answer.grad.data(), layout);
  const MatrixView second_grad = matrix(answer.second_grad.data(), layout);
  const auto x = matrix(first.data(), layout);
  const auto y = matrix(second.data(), layout);
  if (c.at("op") == "binary_cross_entropy") {
    const auto weight = numbers<T>(c, "weight");
    const auto pos_weight = numbers<T>(c, "pos_weight");
    BinaryCrossEntropyOutputs outputs{.grad = grad, .grad_targets = second_grad};
    BinaryCrossEntropyUpstream from_above;
    if (reduction == Reduction::none) {
      outputs.losses = matrix(answer.output.data(), layout);
      from_above.values = matrix(upstream.data(), layout);
    } else {
      outputs.loss = loss;
      from_above.value = vector(upstream.data(), 1);
    }
    binary_cross_entropy(x, y, outputs,
                         {.reduction = reduction,
                          .class_weights = vector(weight.data(), std::ssize(weight)),
                          .pos_weight = vector(pos_weight.data(), std::ssize(pos_weight))},
                         from_above, exec);
    return answer;
  }
  const auto function = c.at("op") == "kl_divergence" ? kl_divergence : js_divergence;
  function(x, y, {.loss = loss, .grad_p = grad, .grad_q = second_grad},
           {.temperature = c.at("temperature"), .beta = c.at("beta"), .reduction = reduction},
           {.values = vector(upstream.data(), std::ssize(upstream))}, exec);
  return answer;
}

template <class T>
void expect_near(const std::vector<T>& got, const json& want, double relative, double absolute) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double value = want[i];
    EXPECT_NEAR(static_cast<double>(got[i]), value, relative * std::abs(value) + absolute) << "element " << i;
  }
}

/// Every case; the absolute part covers PyTorch's own rounding, and grows with the upstream gradients.
template <class T>
void expect_golden(const Exec& exec, double relative, double absolute) {
  for (const json& c : golden().at("cases")) {
    SCOPED_TRACE(c.at("op").get<std::string>() + " " + c.at("shape").dump() + " " + c.value("reduction", ""));
    double largest = 1.0;
    for (const json& g : c.at("upstream")) largest = std::max(largest, std::abs(g.get<double>()));
    const Answer<T> answer = answer_of<T>(c, exec);
    expect_near(answer.output, c.at("output"), relative, absolute);
    expect_near(answer.grad, c.at("grad"), relative, absolute * largest);
    expect_near(answer.second_grad, c.at("second_grad"), relative, absolute * largest);
  }
}

TEST(UnlabelledGolden, HoldsEveryOperation) {
  for (const char* op : {"binary_cross_entropy", "kl_divergence", "js_divergence"}) {
    const auto& cases = golden().at("cases");
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [op](const json& c) { return c.at("op") == op; }))
        << op;
  }
}

TEST(UnlabelledGolden, ReferenceIsPyTorchInDouble) {
  expect_golden<double>({.device = Device::reference}, 1e-12, 1e-14);
}

TEST(UnlabelledGolden, CpuIsPyTorchInDouble) { expect_golden<double>({.threads = 2}, 1e-12, 1e-14); }

TEST(UnlabelledGolden, CpuIsPyTorchInFloat) { expect_golden<float>({.threads = 2}, 2e-6, 1e-6); }

}  // namespace
}  // namespace xent
