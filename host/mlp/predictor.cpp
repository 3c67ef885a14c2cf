// A backend with no training data behind it.
#include "host/mlp/predictor.hpp"

#include <string>
#include <utility>

#include <xent/error.hpp>

#include "host/mlp/backend.hpp"
#include "host/mlp/checkpoint.hpp"

namespace xent::mlp {

struct Predictor::State {
  Recipe recipe{};
  data::Dataset no_data{};  // the backend keeps a reference to it
  std::unique_ptr<Backend> backend{};
};

Predictor::Predictor(std::unique_ptr<State> state) : state_(std::move(state)) {}
Predictor::~Predictor() = default;
Predictor::Predictor(Predictor&&) noexcept = default;
Predictor& Predictor::operator=(Predictor&&) noexcept = default;

Predictor Predictor::load(const std::filesystem::path& path, const Exec& exec) {
  const Checkpoint checkpoint = load_checkpoint(path);
  auto state = std::make_unique<State>();
  state->recipe = checkpoint.recipe;
  state->backend = make_backend(state->recipe, state->no_data, exec);
  state->backend->set_state(checkpoint.network);
  return Predictor(std::move(state));
}

std::vector<float> Predictor::logits(const std::uint8_t* pixels, std::int64_t count) const {
  if (pixels == nullptr || count < 1) {
    throw InvalidArgument("predictor: count is " + std::to_string(count) +
                          (pixels == nullptr ? " and pixels is null" : "") + ", must be at least 1 image");
  }
  std::vector<float> result(static_cast<std::size_t>(count * state_->recipe.layers.back()));
  state_->backend->logits(pixels, count, result.data());
  return result;
}

const Recipe& Predictor::recipe() const { return state_->recipe; }

}  // namespace xent::mlp
