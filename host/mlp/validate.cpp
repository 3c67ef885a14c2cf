#include "host/mlp/validate.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include <xent/error.hpp>

#include "host/mlp/reference_backend.hpp"
#include "host/mlp/schedule.hpp"
#include "host/mlp/tensor_differences.hpp"
#include "host/mlp/trainer.hpp"
#include "host/mlp/validation_bounds.hpp"

namespace xent::mlp {
namespace {

using Gradients = ReferenceBackend::Gradients;

// Beyond this f32 may overflow in what is worked out from it.
constexpr double kLargestInF32 = 1e38;

void note(Deviation& worst, double value, double allowed, std::int64_t step) {
  if (std::isnan(value)) value = HUGE_VAL;
  if (worst.step == 0 || value * worst.allowed > worst.value * allowed) worst = {value, allowed, step};
}

/// The recipe of the backend that gradients are read off.
Recipe gradient_recipe(Recipe recipe) {
  recipe.optimizer = Optimizer::sgd;
  recipe.momentum = 0.0;
  recipe.weight_decay = 0.0;
  return recipe;
}

NetworkState without_moments(NetworkState network) {
  const auto clear = [](Parameter& parameter) {
    std::fill(parameter.moment1.begin(), parameter.moment1.end(), 0.0);
    parameter.moment2.clear();
  };
  for (LayerState& layer : network) {
    clear(layer.weight);
    clear(layer.bias);
  }
  return network;
}

std::vector<Gradients> gradients_in(const NetworkState& network) {
  std::vector<Gradients> gradients;
  for (const LayerState& layer : network) gradients.push_back({layer.weight.moment1, layer.bias.moment1});
  return gradients;
}

void apply(const UpdateRule& rule, NetworkState& network, const std::vector<Gradients>& gradients) {
  for (std::size_t l = 0; l < network.size(); ++l) {
    apply_update(rule, network[l].weight, gradients[l].weight);
    apply_update(rule, network[l].bias, gradients[l].bias);
  }
}

/// The runs side by side.
class Comparison {
 public:
  Comparison(const Recipe& recipe, const data::Dataset& train, std::int64_t steps, const BackendMaker& make)
      : recipe_(recipe),
        train_(train),
        order_(recipe, train),
        judge_(recipe, train),
        alone_(recipe, train),
        device_(make(recipe)),
        gradient_device_(make(gradient_recipe(recipe))) {
    result_.steps = steps;
    const NetworkState start = initial_state(recipe);
    alone_.set_state(start);
    device_->set_state(start);
    for (std::size_t l = 0; l < start.size(); ++l) {
      for (const char* what : {".weight", ".bias"}) {
        result_.tensors.push_back({.name = "fc" + std::to_string(l + 1) + what});
      }
    }
  }

  Validation run(const OnStep& on_step) {
    NetworkState network = device_->state();
    const std::int64_t steps = std::exchange(result_.steps, 0);
    while (result_.steps < steps) {
      network = compare_step(result_.steps, network);
      ++result_.steps;
      if (on_step) on_step(result_.steps, results_.back());
      if (!finite(network)) return std::move(result_);  // found out; what follows would tell no more
    }
    measure_drift(network);
    result_.repeatable = repeat() && same_bits(network, device_->state());
    return std::move(result_);
  }

 private:
  std::int64_t steps_per_epoch() const { return (train_.count + recipe_.batch - 1) / recipe_.batch; }
  double lr(std::int64_t step) const {
    return learning_rate(recipe_, step, recipe_.epochs * steps_per_epoch());
  }
  std::vector<BatchResult> train(Backend& backend, std::int64_t first, const std::vector<double>& rates) {
    return backend.train({.epoch = first / steps_per_epoch(),
                          .first_in_epoch = first % steps_per_epoch(),
                          .first = first,
                          .lr = rates});
  }

  /// One step of everybody; returns the device's network after it.
  NetworkState compare_step(std::int64_t step, const NetworkState& before) {
    judge_.set_state(before);
    const auto samples = order_.samples(step / steps_per_epoch(), step % steps_per_epoch());
    const ReferenceBackend::Pass pass = judge_.pass({.samples = samples, .step = step});

    gradient_device_->set_state(without_moments(before));
    train(*gradient_device_, step, {0.0});
    const std::vector<Gradients> gradients = gradients_in(gradient_device_->state());

    const BatchResult result = train(*device_, step, {lr(step)}).front();
    NetworkState after = device_->state();
    NetworkState expected = before;
    apply(update_rule(recipe_, step, lr(step)), expected, gradients);
    check_range(step, pass, finite(gradients) ? expected : before);

    const ValidationBounds bounds = validation_bounds(device_->dtype(), pass, before);
    compare_results(step, result, pass.result, static_cast<std::int64_t>(samples.size()), bounds);
    const std::vector<Gradients> slack = kink_slack(device_->dtype(), recipe_, pass, before);
    compare_gradients(step, gradients, pass.gradients, slack, bounds);
    compare_updates(step, before, after, expected, bounds);

    const double alone = train(alone_, step, {lr(step)}).front().loss;
    result_.loss_drift = std::max(result_.loss_drift, relative(std::abs(result.loss - alone), alone));
    results_.push_back(result);
    return after;
  }

  /// What the type cannot hold is no error of the device.
  void check_range(std::int64_t step, const ReferenceBackend::Pass& pass, const NetworkState& after) const {
    double most = std::abs(pass.result.loss);
    for (const Gradients& layer : pass.gradients)
      most = std::max({most, largest(layer.weight), largest(layer.bias)});
    for (std::size_t i = 0; i < result_.tensors.size(); ++i) {
      const Parameter& one = parameter(after, i);
      most = std::max({most, largest(one.value), largest(one.moment1), largest(one.moment2)});
    }
    const bool held = device_->dtype() == DType::f64 || most <= kLargestInF32;
    if (held && std::isfinite(pass.result.loss) && finite(pass.gradients) && finite(after)) return;
    throw Diverged("step " + std::to_string(step + 1) +
                   ": a number is not finite, or more than the device's type holds");
  }

  void compare_results(std::int64_t step, const BatchResult& result, const BatchResult& expected,
                       std::int64_t rows, const ValidationBounds& bounds) {
    note(result_.loss, relative(std::abs(result.loss - expected.loss), expected.loss), bounds.loss, step + 1);
    // Where two logits are equal but for rounding, either may win.
    const std::int64_t ties = 1 + rows / 1000;
    note(result_.correct, static_cast<double>(std::abs(result.correct - expected.correct)),
         static_cast<double>(ties), step + 1);
  }

  void compare_gradients(std::int64_t step, const std::vector<Gradients>& gradients,
                         const std::vector<Gradients>& expected, const std::vector<Gradients>& slack,
                         const ValidationBounds& bounds) {
    for (std::size_t i = 0; i < result_.tensors.size(); ++i) {
      const double difference =
          largest_difference(tensor(gradients, i), tensor(expected, i), &tensor(slack, i));
      note(result_.tensors[i].gradient, relative(difference, largest(tensor(expected, i))), bounds.gradient,
           step + 1);
    }
  }

  void compare_updates(std::int64_t step, const NetworkState& before, const NetworkState& after,
                       const NetworkState& expected, const ValidationBounds& bounds) {
    for (std::size_t i = 0; i < result_.tensors.size(); ++i) {
      for (const auto part : {&Parameter::value, &Parameter::moment1, &Parameter::moment2}) {
        const Tensor& right = parameter(expected, i).*part;
        const double scale = std::max(largest(parameter(before, i).*part), largest(right));
        const double difference = largest_difference(parameter(after, i).*part, right);
        note(result_.tensors[i].update, relative(difference, scale), bounds.update, step + 1);
      }
    }
  }

  void measure_drift(const NetworkState& network) {
    const NetworkState alone = alone_.state();
    for (std::size_t i = 0; i < result_.tensors.size(); ++i) {
      const Tensor& got = parameter(network, i).value;
      const Tensor& expected = parameter(alone, i).value;
      result_.tensors[i].drift = relative(largest_difference(got, expected), largest(expected));
      result_.tensors[i].drift_rms = relative(distance(got, expected), norm(expected));
    }
  }

  /// All steps again from the start, with the runs that training would be cut into; whether results agree.
  bool repeat() {
    device_->set_state(initial_state(recipe_));
    bool same = true;
    for (std::int64_t done = 0; done < result_.steps;) {
      const std::int64_t left = steps_per_epoch() - done % steps_per_epoch();
      std::vector<double> rates;
      for (std::int64_t i = 0; i < std::min({left, result_.steps - done, device_->steps_at_once()}); ++i) {
        rates.push_back(lr(done + i));
      }
      for (const BatchResult& result : train(*device_, done, rates)) {
        const BatchResult& earlier = results_[static_cast<std::size_t>(done++)];
        same = same && result.loss == earlier.loss && result.correct == earlier.correct;
      }
    }
    return same;
  }

  Recipe recipe_;
  const data::Dataset& train_;
  EpochOrder order_;
  ReferenceBackend judge_;  // starts each step from the device's network
  ReferenceBackend alone_;
  std::unique_ptr<Backend> device_;
  std::unique_ptr<Backend> gradient_device_;
  std::vector<BatchResult> results_{};  // the device's
  Validation result_{};
};

}  // namespace

bool Validation::within() const {
  return loss.within() && correct.within() && repeatable &&
         std::ranges::all_of(tensors, [](const TensorValidation& one) {
           return one.gradient.within() && one.update.within();
         });
}

Validation validate_made(const Recipe& recipe, const data::Dataset& train, std::int64_t steps,
                         const BackendMaker& make, const OnStep& on_step) {
  check_run(recipe, train);
  const std::int64_t total = recipe.epochs * ((train.count + recipe.batch - 1) / recipe.batch);
  if (steps < 1 || steps > total) {
    throw InvalidArgument("validate: steps is " + std::to_string(steps) + ", must be from 1 to " +
                          std::to_string(total));
  }
  return Comparison(recipe, train, steps, make).run(on_step);
}

Validation validate(const Recipe& recipe, const data::Dataset& train, std::int64_t steps, const Exec& exec,
                    const OnStep& on_step, StepPath path) {
  return validate_made(
      recipe, train, steps, [&](const Recipe& one) { return make_backend(one, train, exec, path); }, on_step);
}

}  // namespace xent::mlp
