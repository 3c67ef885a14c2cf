#include "bench/training.hpp"

#include <fstream>
#include <utility>
#include <vector>

#include "host/mlp/trainer.hpp"

namespace xent::bench {
namespace {

void write_bytes(const std::vector<std::uint8_t>& bytes, const std::filesystem::path& path) {
  std::ofstream file;
  file.exceptions(std::ios::failbit | std::ios::badbit);
  file.open(path, std::ios::binary);
  file.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  file.close();
}

/// The trainer looks at the data for as long as it lives.
struct Session {
  std::shared_ptr<const data::Dataset> digits;
  mlp::Trainer trainer;
};

}  // namespace

Workload training(std::shared_ptr<const data::Dataset> digits, std::int64_t steps, int threads) {
  mlp::Recipe recipe = mlp::named_recipe("article");
  recipe.epochs = 1000;  // more than anybody measures; the rate is constant, so it changes nothing else
  mlp::Trainer trainer(recipe, *digits, {.threads = threads});
  if (steps == 0) steps = trainer.steps_per_epoch();
  auto session = std::make_shared<Session>(Session{std::move(digits), std::move(trainer)});
  return {.call = [=] {
    for (std::int64_t i = 0; i < steps; ++i) session->trainer.step();
  }};
}

void write_digits(const data::Dataset& digits, const std::filesystem::path& folder) {
  write_bytes(digits.pixels, folder / "pixels");
  write_bytes(digits.labels, folder / "labels");
}

}  // namespace xent::bench
