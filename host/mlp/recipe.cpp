// The named recipes and the limits of every field.
#include "host/mlp/recipe.hpp"

#include <cmath>
#include <limits>
#include <sstream>

#include <xent/error.hpp>

namespace xent::mlp {
namespace {

constexpr std::int64_t kMaxWidth = 1 << 20;
constexpr std::size_t kMaxLayers = 64;

template <class T>
[[noreturn]] void refuse(const char* field, const T& value, const char* allowed) {
  std::ostringstream text;
  text << "recipe: " << field << " is " << value << ", must be " << allowed;
  throw InvalidArgument(text.str());
}

void check_count(const char* field, std::int64_t value, std::int64_t low, std::int64_t high) {
  if (value < low || value > high) {
    const std::string allowed = "from " + std::to_string(low) + " to " + std::to_string(high);
    refuse(field, value, allowed.c_str());
  }
}

// Written so that NaN is refused too.
void check_number(const char* field, double value, bool inside, const char* allowed) {
  if (!std::isfinite(value) || !inside) refuse(field, value, allowed);
}

void check_layers(const std::vector<std::int64_t>& layers) {
  if (layers.size() < 2 || layers.size() > kMaxLayers) {
    refuse("number of layers (input and output included)", layers.size(), "from 2 to 64");
  }
  std::int64_t weights = 0;
  for (std::size_t i = 0; i < layers.size(); ++i) {
    check_count("a layer's width", layers[i], 1, kMaxWidth);
    if (i > 0) weights += layers[i - 1] * layers[i];
    if (weights > kMaxWeights) refuse("number of weights", weights, "at most 2147483648");
  }
}

}  // namespace

const char* name(Optimizer optimizer) {
  switch (optimizer) {
    case Optimizer::sgd: return "sgd";
    case Optimizer::adam: return "adam";
    case Optimizer::adamw: return "adamw";
  }
  return "invalid";
}

const char* name(Schedule schedule) {
  switch (schedule) {
    case Schedule::constant: return "constant";
    case Schedule::cosine: return "cosine";
    case Schedule::exponential: return "exponential";
    case Schedule::linear: return "linear";
  }
  return "invalid";
}

Optimizer optimizer_from(const std::string& text) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    if (text == name(optimizer)) return optimizer;
  }
  refuse("optimizer", '"' + text + '"', "sgd, adam or adamw");
}

Schedule schedule_from(const std::string& text) {
  for (const Schedule schedule :
       {Schedule::constant, Schedule::cosine, Schedule::exponential, Schedule::linear}) {
    if (text == name(schedule)) return schedule;
  }
  refuse("schedule", '"' + text + '"', "constant, cosine, exponential or linear");
}

Recipe named_recipe(const std::string& text) {
  if (text == "default") return {};
  Recipe recipe;
  if (text == "article") {
    recipe.lr = 0.01;
    recipe.schedule = Schedule::constant;
    recipe.label_smoothing = 0.0;
    return recipe;
  }
  if (text == "best") {
    recipe.lr = 0.003;
    recipe.schedule = Schedule::cosine;
    recipe.final_lr_ratio = 0.0;
    recipe.dropout = 0.1;
    recipe.shift = 1;
    return recipe;
  }
  refuse("name", '"' + text + '"', "article, default or best");
}

void check(const Recipe& recipe) {
  constexpr std::int64_t kMaxCount = std::numeric_limits<std::int32_t>::max();
  check_layers(recipe.layers);
  check_count("epochs", recipe.epochs, 1, kMaxCount);
  check_count("batch", recipe.batch, 1, kMaxCount);
  check_count("warmup_steps", recipe.warmup_steps, 0, std::numeric_limits<std::int64_t>::max());
  check_count("shift", recipe.shift, 0, kMaxCount);
  const auto fraction = [](double value) { return value >= 0.0 && value < 1.0; };
  check_number("lr", recipe.lr, recipe.lr > 0.0, "finite and above 0");
  check_number("final_lr_ratio", recipe.final_lr_ratio,
               recipe.final_lr_ratio >= 0.0 && recipe.final_lr_ratio <= 1.0, "in [0, 1]");
  if (recipe.schedule == Schedule::exponential && recipe.final_lr_ratio == 0.0) {
    refuse("final_lr_ratio", 0, "above 0 for the exponential schedule");
  }
  check_number("momentum", recipe.momentum, fraction(recipe.momentum), "in [0, 1)");
  check_number("beta1", recipe.beta1, fraction(recipe.beta1), "in [0, 1)");
  check_number("beta2", recipe.beta2, fraction(recipe.beta2), "in [0, 1)");
  check_number("epsilon", recipe.epsilon, recipe.epsilon > 0.0, "finite and above 0");
  check_number("weight_decay", recipe.weight_decay, recipe.weight_decay >= 0.0, "finite and at least 0");
  check_number("label_smoothing", recipe.label_smoothing,
               recipe.label_smoothing >= 0.0 && recipe.label_smoothing <= 1.0, "in [0, 1]");
  check_number("dropout", recipe.dropout, fraction(recipe.dropout), "in [0, 1)");
  check_number("input_dropout", recipe.input_dropout, fraction(recipe.input_dropout), "in [0, 1)");
}

}  // namespace xent::mlp
