// A run that was saved and resumed anywhere is the run that was not.
#include <csignal>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#include <xent/device.hpp>
#include <xent/error.hpp>

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "host/mlp/predictor.hpp"
#include "host/mlp/trainer.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

using xent::test::TemporaryFolder;

std::vector<std::byte> checkpoint_of(const Trainer& trainer, const TemporaryFolder& folder) {
  trainer.save(folder / "compared");
  return io::read_file(folder / "compared");
}

/// 84 samples in batches of 16: 6 steps an epoch, the last of 4 samples.
const data::Dataset& training_set() {
  static const data::Dataset set = test::made_up_data(84, 5, 7);
  return set;
}

void expect_resumed_run_to_match(const Recipe& recipe, Device device) {
  const TemporaryFolder folder;
  Trainer straight(recipe, training_set(), {.device = device, .threads = 1});
  while (!straight.done()) straight.step();
  const std::vector<std::byte> expected = checkpoint_of(straight, folder);

  for (const int saved_after : {0, 1, 5, 6, 8, 11, 12}) {
    Trainer first(recipe, training_set(), {.device = device, .threads = 2});
    for (int i = 0; i < saved_after; ++i) first.step();
    first.save(folder / "saved", "a note");
    Trainer second = Trainer::resume(folder / "saved", training_set(), {.device = device, .threads = 3});
    EXPECT_EQ(second.progress(), first.progress());
    EXPECT_EQ(second.recipe(), recipe);
    EXPECT_EQ(second.note(), "a note");
    while (!second.done()) second.step();
    EXPECT_EQ(checkpoint_of(second, folder), expected) << "saved after step " << saved_after;
  }
}

TEST(Resume, IsBitExactForEveryOptimizer) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    expect_resumed_run_to_match(test::busy_recipe(optimizer), Device::cpu);
  }
}

TEST(Resume, IsBitExactForTheReference) {
  expect_resumed_run_to_match(test::busy_recipe(), Device::reference);
}

TEST(Resume, IsBitExactWhereThreadsShareTheWork) {
  const data::Dataset train = test::made_up_data(160, 28, 28);
  const TemporaryFolder folder;
  Recipe recipe = named_recipe("best");
  recipe.epochs = 2;
  Trainer straight(recipe, train, {.threads = 2});
  for (int i = 0; i < 3; ++i) straight.step();
  straight.save(folder / "saved");
  while (!straight.done()) straight.step();
  Trainer resumed = Trainer::resume(folder / "saved", train, {.threads = 1});
  while (!resumed.done()) resumed.step();
  EXPECT_EQ(checkpoint_of(resumed, folder), checkpoint_of(straight, folder));
}

TEST(Resume, MovesBetweenDevices) {
  const TemporaryFolder folder;
  Trainer cpu(test::busy_recipe(), training_set(), {});
  cpu.step();
  cpu.save(folder / "saved");
  Trainer reference = Trainer::resume(folder / "saved", training_set(), {.device = Device::reference});
  EXPECT_NEAR(reference.step().loss, cpu.step().loss, 1e-5);
  reference.save(folder / "back");
  EXPECT_EQ(Trainer::resume(folder / "back", training_set(), {}).progress(), reference.progress());
}

TEST(Resume, RefusesOtherData) {
  const TemporaryFolder folder;
  const Trainer trainer(test::busy_recipe(), training_set(), {});
  trainer.save(folder / "saved");
  const data::Dataset fewer = test::made_up_data(83, 5, 7);
  EXPECT_ERROR(InvalidArgument, "saved while training on 84 images, which are not the 83 given",
               Trainer::resume(folder / "saved", fewer, {}));
  data::Dataset changed = training_set();
  changed.pixels[1234] ^= 1;
  EXPECT_ERROR(InvalidArgument, "saved while training on 84 images",
               Trainer::resume(folder / "saved", changed, {}));
  const data::Dataset turned = test::made_up_data(84, 7, 5);
  EXPECT_ERROR(InvalidArgument, "saved while training on", Trainer::resume(folder / "saved", turned, {}));
  const data::Dataset larger = test::made_up_data(84, 6, 7);
  EXPECT_ERROR(InvalidArgument, "saved while training on 84 images, which are not",
               Trainer::resume(folder / "saved", larger, {}));
  EXPECT_ERROR(io::IoError, "absent", Trainer::resume(folder / "absent", training_set(), {}));
}

TEST(Save, KeepsTheOlderCheckpointWhenTheDiskTakesNoMore) {
  const TemporaryFolder folder;
  Trainer trainer(test::busy_recipe(), training_set(), {.threads = 1});
  trainer.save(folder / "saved");
  const std::vector<std::byte> older = io::read_file(folder / "saved");
  trainer.step();
  constexpr int kRefused = 10;
  const pid_t child = ::fork();
  if (child == 0) {
    std::signal(SIGXFSZ, SIG_IGN);
    const rlimit limit{.rlim_cur = 4096, .rlim_max = 4096};
    int status = 1;
    try {
      if (::setrlimit(RLIMIT_FSIZE, &limit) == 0) trainer.save(folder / "saved");
    } catch (const io::IoError&) {
      status = kRefused;
    } catch (...) {
    }
    ::_exit(status);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), kRefused);
  EXPECT_EQ(io::read_file(folder / "saved"), older);
  EXPECT_EQ(folder.names().size(), 1U);
}

TEST(Predictor, GivesTheTrainersLogits) {
  const TemporaryFolder folder;
  Trainer trainer(test::busy_recipe(), training_set(), {});
  for (int i = 0; i < 5; ++i) trainer.step();
  trainer.save(folder / "saved");
  const Predictor predictor = Predictor::load(folder / "saved", {});
  EXPECT_EQ(predictor.recipe(), trainer.recipe());
  EXPECT_EQ(predictor.logits(training_set().pixels.data(), 84),
            trainer.logits(training_set().pixels.data(), 84));
  EXPECT_ERROR(InvalidArgument, "count is 0", predictor.logits(training_set().pixels.data(), 0));
  if (const std::string why = unavailable(Device::cuda); !why.empty()) {
    EXPECT_ERROR(Unsupported, why, Predictor::load(folder / "saved", {.device = Device::cuda}));
  }
}

}  // namespace
}  // namespace xent::mlp
