// The network's two ends, and the room that a shift has.
#include "host/apps/mnist/recipe_fit.hpp"

#include <algorithm>
#include <string>

#include "host/apps/common/text.hpp"
#include "host/apps/mnist/errors.hpp"
#include "host/apps/mnist/value_parser.hpp"

namespace xent::mnist {

void check_fit(const mlp::Recipe& recipe, const data::Dataset& digits) {
  using apps::cat;
  const std::string size = cat(std::to_string(digits.height), " x ", std::to_string(digits.width));
  if (recipe.layers.front() != digits.features() || recipe.layers.back() != digits.classes) {
    throw UsageError(cat("--layers: '", apps::joined(recipe.layers, ","), "' does not fit the digits; give ",
                         std::to_string(digits.features()), " (", size, " pixels) first and ",
                         std::to_string(digits.classes), " (classes) last"));
  }
  const std::int64_t side = std::min(digits.height, digits.width);
  if (recipe.shift >= side) {
    throw UsageError(cat("--shift: '", std::to_string(recipe.shift), "' is not allowed for digits of ", size,
                         " pixels; give ", allowed(Integers{0, static_cast<std::uint64_t>(side - 1)})));
  }
}

}  // namespace xent::mnist
