// The trainer on the CUDA backend, its kernels run by the emulation.
#include "host/mlp/trainer.hpp"

#include <numeric>

#include <gtest/gtest.h>
#include <xent/error.hpp>

#include "host/data/synthetic.hpp"
#include "host/io/file.hpp"
#include "host/mlp/backend.hpp"
#include "host/mlp/predictor.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"
#include "tests/mlp/cuda/runs.hpp"

namespace xent::mlp {
namespace {

using test::training_set;
using xent::test::TemporaryFolder;

constexpr Exec kCuda{.device = Device::cuda, .threads = 1};

std::vector<std::byte> checkpoint_of(const Trainer& trainer, const TemporaryFolder& folder) {
  trainer.save(folder / "compared");
  return io::read_file(folder / "compared");
}

TEST(TrainerOnCuda, TakesAnEpochAtOnce) {
  Trainer trainer(test::busy_recipe(), training_set(), kCuda);
  trainer.step();
  const std::vector<StepResult> rest = trainer.steps(1000);
  ASSERT_EQ(rest.size(), 5U);
  EXPECT_EQ(trainer.progress().epoch, 1);
  EXPECT_EQ(trainer.progress().step, 6);
  for (std::size_t i = 0; i < 5; ++i) EXPECT_EQ(rest[i].epoch_ended, i == 4);
  EXPECT_EQ(rest[0].samples, 16);
  EXPECT_EQ(rest[4].samples, 4);
  EXPECT_EQ(trainer.progress().epoch_samples, 84);
  EXPECT_EQ(trainer.steps(2).size(), 2U);
  EXPECT_ERROR(InvalidArgument, "max is 0, must be at least 1", trainer.steps(0));

  Trainer on_cpu(test::busy_recipe(), training_set(), {});
  EXPECT_EQ(on_cpu.steps(1000).size(), 1U);
}

TEST(TrainerOnCuda, AResumedRunIsTheSameRun) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    const TemporaryFolder folder;
    const Recipe recipe = test::busy_recipe(optimizer);
    Trainer straight(recipe, training_set(), kCuda);
    while (!straight.done()) straight.steps(1000);
    const std::vector<std::byte> expected = checkpoint_of(straight, folder);
    for (const int saved_after : {0, 1, 5, 6, 8, 12}) {
      Trainer first(recipe, training_set(), kCuda);
      for (int i = 0; i < saved_after; ++i) first.step();
      first.save(folder / "saved");
      Trainer second = Trainer::resume(folder / "saved", training_set(), kCuda);
      EXPECT_EQ(second.progress(), first.progress());
      while (!second.done()) second.steps(4);
      EXPECT_EQ(checkpoint_of(second, folder), expected) << "saved after step " << saved_after;
    }
  }
}

TEST(TrainerOnCuda, EitherDeviceResumesTheOthersFile) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
    const TemporaryFolder folder;
    Trainer cuda(test::busy_recipe(optimizer), training_set(), kCuda);
    cuda.steps(3);
    cuda.save(folder / "saved");
    Trainer cpu = Trainer::resume(folder / "saved", training_set(), {.threads = 1});
    EXPECT_EQ(checkpoint_of(cpu, folder), io::read_file(folder / "saved"));
    EXPECT_NEAR(cpu.step().loss, cuda.step().loss, 1e-5);
    cpu.save(folder / "back");
    Trainer back = Trainer::resume(folder / "back", training_set(), kCuda);
    EXPECT_EQ(back.progress(), cpu.progress());
    EXPECT_NEAR(back.step().loss, cpu.step().loss, 1e-5);
  }
}

TEST(TrainerOnCuda, DivergesAtTheStepAndStaysBeforeIt) {
  const TemporaryFolder folder;
  Recipe recipe = test::busy_recipe(Optimizer::sgd);
  recipe.lr = 1e200;
  recipe.warmup_steps = 0;
  Trainer trainer(recipe, training_set(), kCuda);
  trainer.save(folder / "good");
  const auto good = io::read_file(folder / "good");
  // The first step's loss is of the weights before, still sound.
  EXPECT_ERROR(Diverged, "epoch 1, step 2 of 6: the loss is not a finite number", trainer.steps(1000));
  EXPECT_EQ(trainer.progress().step_in_epoch, 1);
  EXPECT_EQ(trainer.progress().epoch_samples, 16);
  EXPECT_ERROR(Diverged, "a weight is not a finite number", trainer.save(folder / "good"));
  EXPECT_TRUE(io::read_file(folder / "good") == good);
}

TEST(TrainerOnCuda, LearnsDigitsAndEvaluatesAsTheCpuDoes) {
  const data::TrainTest digits = data::synthetic_digits({.train = 320, .test = 60, .seed = 4});
  Recipe recipe;
  recipe.layers = {784, 24, 10};
  recipe.epochs = 8;
  recipe.batch = 48;
  recipe.dropout = 0.1;
  recipe.shift = 1;
  recipe.lr = 0.01;
  Trainer trainer(recipe, digits.train, kCuda);
  const Evaluation before = trainer.evaluate(digits.train);
  while (!trainer.done()) trainer.steps(1000);
  const Evaluation after = trainer.evaluate(digits.train);
  EXPECT_LT(before.accuracy, 0.3);
  EXPECT_GT(after.accuracy, 0.8);
  Trainer on_cpu(recipe, digits.train, {.threads = 1});
  while (!on_cpu.done()) on_cpu.step();
  EXPECT_NEAR(after.loss, on_cpu.evaluate(digits.train).loss, 1e-3);
  EXPECT_EQ(std::accumulate(after.confusion.begin(), after.confusion.end(), std::int64_t{0}), 320);

  const TemporaryFolder folder;
  trainer.save(folder / "saved");
  const Evaluation by_cpu =
      Trainer::resume(folder / "saved", digits.train, {.threads = 1}).evaluate(digits.train);
  EXPECT_NEAR(after.loss, by_cpu.loss, 1e-5);
  EXPECT_EQ(after.predictions, by_cpu.predictions);

  const Predictor predictor = Predictor::load(folder / "saved", kCuda);
  EXPECT_EQ(predictor.logits(digits.test.pixels.data(), 60), trainer.logits(digits.test.pixels.data(), 60));
}

TEST(TrainerOnCuda, SaysWhatItRunsOn) {
  EXPECT_EQ(describe_cuda_device(), "emulated CUDA device, own matrix products");
}

}  // namespace
}  // namespace xent::mlp
