// The training loop: progress, evaluation, determinism, and what it refuses.
#include "host/mlp/trainer.hpp"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>
#include <xent/device.hpp>
#include <xent/error.hpp>

#include "host/io/file.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

Recipe plain_recipe() {
  Recipe recipe;
  recipe.layers = {35, 24, 10};
  recipe.epochs = 3;
  recipe.batch = 16;
  return recipe;
}

TEST(Trainer, CountsStepsEpochsAndSamples) {
  const data::Dataset train = test::made_up_data(50, 5, 7);
  Trainer trainer(plain_recipe(), train, {});
  EXPECT_EQ(trainer.steps_per_epoch(), 4);
  std::int64_t correct = 0;
  double loss_sum = 0.0;
  for (std::int64_t step = 0; step < 12; ++step) {
    ASSERT_FALSE(trainer.done());
    if (step % 4 == 0) correct = 0, loss_sum = 0.0;
    const StepResult result = trainer.step();
    correct += result.correct;
    loss_sum += result.loss * static_cast<double>(result.samples);
    EXPECT_EQ(result.samples, step % 4 == 3 ? 2 : 16);
    EXPECT_EQ(result.epoch_ended, step % 4 == 3);
    const Progress& progress = trainer.progress();
    EXPECT_EQ(progress.step, step + 1);
    EXPECT_EQ(progress.epoch, (step + 1) / 4);
    EXPECT_EQ(progress.step_in_epoch, (step + 1) % 4);
    EXPECT_EQ(progress.epoch_correct, correct);
    EXPECT_EQ(progress.epoch_loss_sum, loss_sum);
    EXPECT_EQ(progress.epoch_samples, step % 4 == 3 ? 50 : 16 * (step % 4 + 1));
  }
  EXPECT_TRUE(trainer.done());
  EXPECT_ERROR(InvalidArgument, "all 3 epochs are done", trainer.step());
}

TEST(Trainer, LearnsWhatIsThereToLearn) {
  data::Dataset train = test::made_up_data(640, 5, 7);
  for (std::uint8_t& pixel : train.pixels) pixel /= 2;
  for (std::size_t i = 0; i < 640; ++i) train.pixels[i * 35 + train.labels[i]] = 255;
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    for (const Device device : {Device::cpu, Device::reference}) {
      Recipe recipe = plain_recipe();
      recipe.optimizer = optimizer;
      recipe.epochs = 12;
      if (optimizer == Optimizer::sgd) recipe.lr = 0.1;
      Trainer trainer(recipe, train, {.device = device});
      const double before = trainer.evaluate(train).accuracy;
      while (!trainer.done()) trainer.step();
      const double after = trainer.evaluate(train).accuracy;
      EXPECT_LT(before, 0.4);
      EXPECT_GT(after, 0.9) << name(optimizer) << " " << name(device);
    }
  }
}

TEST(Trainer, EvaluationAddsUp) {
  const data::Dataset train = test::made_up_data(130, 5, 7);
  Trainer trainer(plain_recipe(), train, {});
  for (int i = 0; i < 20; ++i) trainer.step();
  const Evaluation result = trainer.evaluate(train);
  const std::vector<float> scores = trainer.logits(train.pixels.data(), train.count);
  std::int64_t diagonal = 0;
  for (std::size_t k = 0; k < 10; ++k) diagonal += result.confusion[k * 11];
  EXPECT_DOUBLE_EQ(result.accuracy, static_cast<double>(diagonal) / 130.0);
  EXPECT_EQ(std::accumulate(result.confusion.begin(), result.confusion.end(), std::int64_t{0}), 130);
  double loss = 0.0;
  for (std::size_t i = 0; i < 130; ++i) {
    const float* row = scores.data() + i * 10;
    EXPECT_EQ(result.predictions[i], std::max_element(row, row + 10) - row);
    double sum = 0.0;
    for (int c = 0; c < 10; ++c) sum += std::exp(static_cast<double>(row[c]));
    const double probability = std::exp(static_cast<double>(row[train.labels[i]])) / sum;
    EXPECT_NEAR(result.label_probability[i], probability, 1e-6);
    loss -= std::log(probability) / 130.0;
  }
  EXPECT_NEAR(result.loss, loss, 1e-6);
}

std::vector<float> weights_after(const Recipe& recipe, const data::Dataset& train, int threads, int steps) {
  Trainer trainer(recipe, train, {.threads = threads});
  for (int i = 0; i < steps; ++i) trainer.step();
  // 784 unit images read the whole network out.
  std::vector<std::uint8_t> unit(static_cast<std::size_t>(train.features() * train.features()), 0);
  for (std::int64_t i = 0; i < train.features(); ++i) {
    unit[static_cast<std::size_t>(i * (train.features() + 1))] = 255;
  }
  return trainer.logits(unit.data(), train.features());
}

TEST(Trainer, BitsDoNotDependOnTheThreads) {
  const data::Dataset train = test::made_up_data(500, 28, 28);
  Recipe recipe = named_recipe("best");
  recipe.input_dropout = 0.1;
  for (const std::int64_t batch : {64, 300}) {
    recipe.batch = batch;
    const std::vector<float> one = weights_after(recipe, train, 1, 9);
    EXPECT_EQ(one, weights_after(recipe, train, 2, 9));
    EXPECT_EQ(one, weights_after(recipe, train, 5, 9));
    EXPECT_EQ(one, weights_after(recipe, train, 0, 9));
  }
}

TEST(Trainer, SaysThatItDivergedAndSavesNothingUseless) {
  const data::Dataset train = test::made_up_data(50, 5, 7);
  const xent::test::TemporaryFolder folder;
  for (const Device device : {Device::cpu, Device::reference}) {
    Recipe recipe = plain_recipe();
    recipe.optimizer = Optimizer::sgd;
    recipe.lr = 1e200;
    Trainer trainer(recipe, train, {.device = device});
    trainer.save(folder / "good");
    const auto good = io::read_file(folder / "good");
    trainer.step();  // its loss is of the weights before, still sound
    if (device == Device::cpu) {
      EXPECT_ERROR(Diverged, "a weight is not a finite number", trainer.save(folder / "good"));
    }
    const auto go_on = [&] {
      while (!trainer.done()) trainer.step();
    };
    EXPECT_ERROR(Diverged, "epoch 1, step ", go_on());
    EXPECT_EQ(trainer.progress().epoch, 0);
    EXPECT_TRUE(io::read_file(folder / "good") == good);
  }
}

TEST(Trainer, SeedsDiffer) {
  const data::Dataset train = test::made_up_data(100, 5, 7);
  Recipe recipe = plain_recipe();
  const std::vector<float> first = weights_after(recipe, train, 1, 3);
  recipe.seed = 2;
  EXPECT_NE(first, weights_after(recipe, train, 1, 3));
}

TEST(Trainer, RefusesDataThatDoNotFit) {
  const data::Dataset good = test::made_up_data(20, 5, 7);
  const auto with = [&](auto spoil) {
    data::Dataset bad = good;
    spoil(bad);
    return bad;
  };
  const Recipe recipe = plain_recipe();
  const data::Dataset empty = with([](auto& d) { d = {.height = 5, .width = 7}; });
  EXPECT_ERROR(InvalidArgument, "has 0 images", Trainer(recipe, empty, {}));
  const data::Dataset cut = with([](auto& d) { d.pixels.pop_back(); });
  EXPECT_ERROR(InvalidArgument, "699 pixel bytes and 20 labels", Trainer(recipe, cut, {}));
  const data::Dataset unlabelled = with([](auto& d) { d.labels.pop_back(); });
  EXPECT_ERROR(InvalidArgument, "19 labels", Trainer(recipe, unlabelled, {}));
  const data::Dataset eleven = with([](auto& d) { d.labels[3] = 10; });
  EXPECT_ERROR(InvalidArgument, "a label 10, must be below 10", Trainer(recipe, eleven, {}));

  Recipe wide = recipe;
  wide.layers.front() = 36;
  EXPECT_ERROR(InvalidArgument, "36 inputs and 10 outputs, the data needs 35 and 10",
               Trainer(wide, good, {}));
  Recipe narrow = recipe;
  narrow.layers.back() = 9;
  EXPECT_ERROR(InvalidArgument, "9 outputs", Trainer(narrow, good, {}));
  Recipe far = recipe;
  far.shift = 5;
  EXPECT_ERROR(InvalidArgument, "shift is 5", Trainer(far, good, {}));
  EXPECT_ERROR(InvalidArgument, "threads", Trainer(recipe, good, {.threads = -1}));
  if (const std::string why = unavailable(Device::cuda); !why.empty()) {
    EXPECT_ERROR(Unsupported, why, Trainer(recipe, good, {.device = Device::cuda}));
  }

  const Trainer trainer(recipe, good, {});
  EXPECT_ERROR(InvalidArgument, "the data needs 36", trainer.evaluate(test::made_up_data(4, 6, 6)));
}

}  // namespace
}  // namespace xent::mlp
