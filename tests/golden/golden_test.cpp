// PyTorch's float64 losses and gradients (pytorch.json, written by make_golden.py) against every device.
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
  static const json file = json::parse(std::ifstream(XENT_GOLDEN_FILE));
  return file;
}

/// (N, C) or (N, C, d).
Layout layout_of(const json& c) {
  const auto shape = c.at("shape").get<std::vector<std::int64_t>>();
  return channels_first(shape[0], shape[1], shape.size() > 2 ? shape[2] : 1);
}

LossOptions options_of(const json& c) {
  const std::string reduction = c.at("reduction");
  return {.reduction = reduction == "none"  ? Reduction::none
                       : reduction == "sum" ? Reduction::sum
                                            : Reduction::mean,
          .ignore_index = golden().at("ignore_index"),
          .label_smoothing = c.value("smoothing", 0.0)};
}

template <class T>
struct Answer {
  std::vector<T> output;
  std::vector<T> grad;
};

template <class T>
Answer<T> loss_answer(const json& c, const Exec& exec) {
  const auto input = c.at("input").get<std::vector<T>>();
  const auto label = c.at("labels").get<std::vector<std::int64_t>>();
  const auto upstream = c.at("upstream").get<std::vector<T>>();
  const Layout layout = layout_of(c);
  const LossOptions options = options_of(c);
  const Upstream values{.values = vector(upstream.data(), std::ssize(upstream))};
  Answer<T> answer{std::vector<T>(upstream.size()), std::vector<T>(input.size())};
  const VectorView loss = vector(answer.output.data(), std::ssize(answer.output));
  const MatrixView grad = matrix(answer.grad.data(), layout);
  const LabelView rows = labels(label.data(), std::ssize(label));
  if (c.at("op") == "nll") {
    nll(matrix(input.data(), layout), rows, {.loss = loss}, options, exec);
    nll_backward(rows, grad, options, values, exec);
  } else {
    cross_entropy(matrix(input.data(), layout), rows, {.loss = loss, .grad = grad}, options, values, exec);
  }
  return answer;
}

template <class T>
Answer<T> softmax_answer(const json& c, const Exec& exec) {
  const auto input = c.at("input").get<std::vector<T>>();
  const auto upstream = c.at("upstream").get<std::vector<T>>();
  const Layout layout = layout_of(c);
  Answer<T> answer{std::vector<T>(input.size()), std::vector<T>(input.size())};
  const bool log = c.at("op") == "log_softmax";
  const auto forward = log ? log_softmax : softmax;
  const auto backward = log ? log_softmax_backward : softmax_backward;
  const MatrixView output = matrix(answer.output.data(), layout);
  forward(matrix(input.data(), layout), output, exec);
  backward(output, matrix(upstream.data(), layout), matrix(answer.grad.data(), layout), exec);
  return answer;
}

template <class T>
Answer<T> answer_of(const json& c, const Exec& exec) {
  const std::string op = c.at("op");
  return op == "softmax" || op == "log_softmax" ? softmax_answer<T>(c, exec) : loss_answer<T>(c, exec);
}

template <class T>
void expect_near(const std::vector<T>& got, const json& want, double relative, double absolute) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < got.size(); ++i) {
    const double value = want[i];
    EXPECT_NEAR(static_cast<double>(got[i]), value, relative * std::abs(value) + absolute) << "element " << i;
  }
}

/// Every case; the absolute part covers PyTorch's own rounding of p - 1 and lse - z, and grows with the
/// upstream gradients.
template <class T>
void expect_golden(const Exec& exec, double relative, double absolute) {
  for (const json& c : golden().at("cases")) {
    SCOPED_TRACE(c.at("op").get<std::string>() + " " + c.at("shape").dump() + " " + c.value("reduction", "") +
                 " smoothing " + std::to_string(c.value("smoothing", 0.0)));
    double largest = 1.0;
    for (const json& g : c.at("upstream")) largest = std::max(largest, std::abs(g.get<double>()));
    const Answer<T> answer = answer_of<T>(c, exec);
    expect_near(answer.output, c.at("output"), relative, absolute);
    expect_near(answer.grad, c.at("grad"), relative, absolute * largest);
  }
}

TEST(Golden, HoldsEveryOperation) {
  for (const char* op : {"cross_entropy", "nll", "softmax", "log_softmax"}) {
    const auto& cases = golden().at("cases");
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [op](const json& c) { return c.at("op") == op; }))
        << op;
  }
}

TEST(Golden, ReferenceIsPyTorchInDouble) {
  expect_golden<double>({.device = Device::reference}, 1e-12, 1e-14);
}

TEST(Golden, CpuIsPyTorchInDouble) { expect_golden<double>({.threads = 2}, 1e-12, 1e-14); }

TEST(Golden, CpuIsPyTorchInFloat) { expect_golden<float>({.threads = 2}, 2e-6, 1e-6); }

}  // namespace
}  // namespace xent
