#include "bench/training.hpp"

#include <atomic>
#include <fstream>
#include <utility>
#include <vector>

#include <xent/parallel.hpp>

#include "bench/fma_loops.hpp"
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

/// So many f32 operations, all in registers, shared out evenly.
Workload in_registers(double operations, int threads) {
  constexpr std::int64_t kTasksPerThread = 8;  // a thread that is kept from running leaves some to the others
  const std::int64_t tasks = kTasksPerThread * threads;
  const double each = operations / static_cast<double>(tasks);
  return {.call =
              [=] {
                std::atomic<float> sum = 0.0F;
                parallel_for(tasks, threads, [&](std::int64_t) { sum = sum + multiply_add(each); });
              },
          .operations = operations,
          .remark = "multiply-adds in registers"};
}

}  // namespace

Workload multiply_add_limit(int threads) { return in_registers(threads * 0x1p30, threads); }

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

Workload training_floor(const data::Dataset& digits, std::int64_t steps, int threads) {
  const mlp::Recipe recipe = mlp::named_recipe("article");
  const std::int64_t images = steps == 0 ? digits.count : steps * recipe.batch;
  // Forward, and the weights' gradient; the hidden layer's gradient besides.
  const std::int64_t per_image =
      4 * recipe.layers[0] * recipe.layers[1] + 6 * recipe.layers[1] * recipe.layers[2];
  return in_registers(static_cast<double>(images * per_image), threads);
}

void write_digits(const data::Dataset& digits, const std::filesystem::path& folder) {
  write_bytes(digits.pixels, folder / "pixels");
  write_bytes(digits.labels, folder / "labels");
}

}  // namespace xent::bench
