// PyTorch's float64 losses and gradients (pytorch.json, written by make_golden.py) against every device.
#include <algorithm>
#include <cmath>
#include <fstream>
#include <map>
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

template <class T>
std::vector<T> numbers(const json& c, const char* name) {
  return c.contains(name) ? c.at(name).get<std::vector<T>>() : std::vector<T>{};
}
template <class T>
ConstVectorView view(const std::vector<T>& values) {
  return vector(values.data(), std::ssize(values));
}

/// `weights` and `bias` are the case's, in memory of the caller's.
LossOptions options_of(const json& c, const ConstVectorView& weights, const ConstVectorView& bias) {
  const std::string reduction = c.at("reduction");
  LossOptions options{.reduction = reduction == "none"  ? Reduction::none
                                   : reduction == "sum" ? Reduction::sum
                                                        : Reduction::mean,
                      .label_smoothing = c.value("smoothing", 0.0),
                      .class_weights = weights,
                      .focal_gamma = c.value("gamma", 0.0),
                      .z_loss = c.value("z_loss", 0.0),
                      .transform = {.logit_scale = c.value("logit_scale", 1.0),
                                    .temperature = c.value("temperature", 1.0),
                                    .softcap = c.value("softcap", 0.0),
                                    .bias = bias}};
  if (c.contains("labels")) options.ignore_index = golden().at("ignore_index");
  return options;
}

/// Of every name that the case has a list of.
template <class T>
using Answer = std::map<std::string, std::vector<T>>;

template <class T>
Answer<T> loss_answer(const json& c, const Exec& exec) {
  const auto input = numbers<T>(c, "input");
  const auto label = numbers<std::int64_t>(c, "labels");
  const auto targets = numbers<T>(c, "targets");
  const auto upstream = numbers<T>(c, "upstream");
  const auto weights = numbers<T>(c, "weights");
  const auto bias = numbers<T>(c, "bias");
  const json upstreams = c.value("upstreams", json::object());
  const auto g_lse = numbers<T>(upstreams, "lse");
  const auto g_log_prob = numbers<T>(upstreams, "log_prob");
  const auto g_entropy = numbers<T>(upstreams, "entropy");
  const Layout layout = layout_of(c);
  const LossOptions options = options_of(c, view(weights), view(bias));
  const Upstream values{
      .values = view(upstream), .lse = view(g_lse), .log_prob = view(g_log_prob), .entropy = view(g_entropy)};
  Answer<T> answer{{"output", std::vector<T>(upstream.size())}, {"grad", std::vector<T>(input.size())}};
  const auto asked = [&](const char* name) {
    if (!c.contains(name)) return VectorView{};
    auto& numbers = answer[name] = std::vector<T>(static_cast<std::size_t>(layout.rows()));
    return vector(numbers.data(), std::ssize(numbers));
  };
  const VectorView loss = vector(answer["output"].data(), std::ssize(upstream));
  const MatrixView grad = matrix(answer["grad"].data(), layout);
  if (c.at("op") == "nll") {
    nll(matrix(input.data(), layout), labels(label.data(), std::ssize(label)), {.loss = loss}, options, exec);
    nll_backward(labels(label.data(), std::ssize(label)), grad, options, values, exec);
    return answer;
  }
  CrossEntropyOutputs outputs{.loss = loss,
                              .lse = asked("lse"),
                              .log_prob = asked("log_prob"),
                              .entropy = asked("entropy"),
                              .grad = grad};
  TargetView target = labels(label.data(), std::ssize(label));
  if (c.contains("targets")) {
    target = matrix(targets.data(), layout);
    answer["grad_targets"] = std::vector<T>(input.size());
    outputs.grad_targets = matrix(answer["grad_targets"].data(), layout);
  }
  cross_entropy(matrix(input.data(), layout), target, outputs, options, values, exec);
  return answer;
}

template <class T>
Answer<T> softmax_answer(const json& c, const Exec& exec) {
  const auto input = c.at("input").get<std::vector<T>>();
  const auto upstream = c.at("upstream").get<std::vector<T>>();
  const Layout layout = layout_of(c);
  Answer<T> answer{{"output", std::vector<T>(input.size())}, {"grad", std::vector<T>(input.size())}};
  const bool log = c.at("op") == "log_softmax";
  const auto forward = log ? log_softmax : softmax;
  const auto backward = log ? log_softmax_backward : softmax_backward;
  const MatrixView output = matrix(answer["output"].data(), layout);
  forward(matrix(input.data(), layout), output, exec);
  backward(output, matrix(upstream.data(), layout), matrix(answer["grad"].data(), layout), exec);
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
  std::size_t index = 0;
  for (const json& c : golden().at("cases")) {
    SCOPED_TRACE("case " + std::to_string(index++) + ", " + c.at("op").get<std::string>() + " " +
                 c.at("shape").dump());
    double largest = 1.0;
    for (const json& g : c.at("upstream")) largest = std::max(largest, std::abs(g.get<double>()));
    for (const auto& [name, numbers] : answer_of<T>(c, exec)) {
      SCOPED_TRACE(name);
      expect_near(numbers, c.at(name), relative, name.starts_with("grad") ? absolute * largest : absolute);
    }
  }
}

TEST(Golden, HoldsEveryOperation) {
  for (const char* op : {"cross_entropy", "nll", "softmax", "log_softmax"}) {
    const auto& cases = golden().at("cases");
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [op](const json& c) { return c.at("op") == op; }))
        << op;
  }
}

TEST(Golden, HoldsEveryOption) {
  for (const char* option :
       {"weights", "targets", "grad_targets", "smoothing", "gamma", "z_loss", "logit_scale", "temperature",
        "softcap", "bias", "lse", "log_prob", "entropy", "upstreams"}) {
    const auto& cases = golden().at("cases");
    EXPECT_TRUE(std::any_of(cases.begin(), cases.end(), [option](const json& c) {
      return c.contains(option);
    })) << option;
  }
}

TEST(Golden, ReferenceIsPyTorchInDouble) {
  expect_golden<double>({.device = Device::reference}, 1e-12, 1e-14);
}

TEST(Golden, CpuIsPyTorchInDouble) { expect_golden<double>({.threads = 2}, 1e-12, 1e-14); }

TEST(Golden, CpuIsPyTorchInFloat) { expect_golden<float>({.threads = 2}, 2e-6, 1e-6); }

}  // namespace
}  // namespace xent
