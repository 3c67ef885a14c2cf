// The evaluation knows the truth's probability; the prediction's takes a second look at the few shown.
#include "host/apps/mnist/mistakes.hpp"

#include <algorithm>

#include <xent/softmax.hpp>

namespace xent::mnist {

std::vector<Mistake> worst_mistakes(const mlp::Trainer& trainer, const data::Dataset& test,
                                    const mlp::Evaluation& evaluation, std::size_t count) {
  std::vector<Mistake> wrong;
  for (std::int64_t i = 0; i < test.count; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (evaluation.predictions[at] == test.labels[at]) continue;
    wrong.push_back({.index = i,
                     .label = test.labels[at],
                     .prediction = evaluation.predictions[at],
                     .label_probability = evaluation.label_probability[at]});
  }
  const std::size_t kept = std::min(count, wrong.size());
  // A diverged network gives NaN probabilities, which have no order: count them as certain of the wrong.
  const auto doubt = [](const Mistake& m) { return m.label_probability >= 0.0 ? m.label_probability : 0.0; };
  std::partial_sort(wrong.begin(), wrong.begin() + static_cast<std::ptrdiff_t>(kept), wrong.end(),
                    [&](const Mistake& a, const Mistake& b) {
                      return doubt(a) != doubt(b) ? doubt(a) < doubt(b) : a.index < b.index;
                    });
  wrong.resize(kept);
  for (Mistake& mistake : wrong) {
    std::vector<float> probabilities = trainer.logits(test.image(mistake.index).data(), 1);
    const auto view = matrix(probabilities.data(), 1, static_cast<std::int64_t>(probabilities.size()));
    softmax(view, view);
    mistake.confidence = probabilities[static_cast<std::size_t>(mistake.prediction)];
  }
  return wrong;
}

}  // namespace xent::mnist
