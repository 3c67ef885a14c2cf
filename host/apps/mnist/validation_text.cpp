#include "host/apps/mnist/validation_text.hpp"

#include <array>

#include "host/apps/common/text.hpp"

namespace xent::mnist {
namespace {

using apps::cat;
using apps::magnitude;

std::string table_line(const std::array<std::string, 7>& cells) {
  std::string text = apps::left(cells[0], 12);
  for (std::size_t i = 1; i < cells.size(); ++i) text += apps::right(cells.at(i), i % 2 == 1 ? 11 : 10);
  return text;
}

}  // namespace

std::vector<std::string> validation_table(const mlp::Validation& validation) {
  std::vector<std::string> table{
      table_line({"", "gradient", "allowed", "update", "allowed", "drift", "rms"})};
  for (const mlp::TensorValidation& one : validation.tensors) {
    table.push_back(table_line({one.name, magnitude(one.gradient.value), magnitude(one.gradient.allowed),
                                magnitude(one.update.value), magnitude(one.update.allowed),
                                magnitude(one.drift), magnitude(one.drift_rms)}));
  }
  table.push_back(cat("loss        deviates by ", magnitude(validation.loss.value), ", allowed is ",
                      magnitude(validation.loss.allowed), "; drift ", magnitude(validation.loss_drift)));
  table.push_back(cat("correct     deviates by ", apps::fixed(validation.correct.value, 0), ", allowed is ",
                      apps::fixed(validation.correct.allowed, 0)));
  table.push_back(cat("repetition  ", validation.repeatable ? "gives the same bits" : "gives other bits"));
  return table;
}

std::string complaint(const mlp::Validation& validation) {
  std::string text;
  const auto add = [&text](const std::string& what) { text += cat(text.empty() ? "" : "; ", what); };
  const auto judge = [&add](const std::string& what, const mlp::Deviation& found) {
    if (found.within()) return;
    add(cat(what, " deviates by ", magnitude(found.value), " in step ", std::to_string(found.step),
            ", allowed is ", magnitude(found.allowed)));
  };
  judge("the loss", validation.loss);
  judge("the number of correct answers", validation.correct);
  for (const mlp::TensorValidation& one : validation.tensors) {
    judge(cat("the gradient of ", one.name), one.gradient);
    judge(cat("the update of ", one.name), one.update);
  }
  if (!validation.repeatable) add("the same steps again give other bits");
  return text;
}

}  // namespace xent::mnist
