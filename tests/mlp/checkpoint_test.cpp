// Checkpoints whose container is sound but whose content is not, or not consistent.
#include "host/mlp/checkpoint.hpp"

#include <functional>
#include <string>

#include <gtest/gtest.h>

#include "host/io/error.hpp"
#include "host/mlp/safetensors.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

/// 50 samples in batches of 16, one epoch and three steps done.
Checkpoint sound(Optimizer optimizer = Optimizer::adam) {
  Checkpoint checkpoint;
  checkpoint.recipe = test::busy_recipe(optimizer);
  checkpoint.recipe.layers = {6, 5, 3};
  checkpoint.progress = {.epoch = 1,
                         .step_in_epoch = 3,
                         .step = 7,
                         .epoch_loss_sum = 12.5,
                         .epoch_correct = 20,
                         .epoch_samples = 48};
  checkpoint.samples = 50;
  checkpoint.data_fingerprint = 0xFEDCBA9876543210U;
  checkpoint.network = initial_state(checkpoint.recipe);
  return checkpoint;
}

TEST(Checkpoint, ReadsBackWhatItWrote) {
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam}) {
    for (const DType dtype : {DType::f32, DType::f64}) {
      Checkpoint written = sound(optimizer);
      written.dtype = dtype;
      if (dtype == DType::f64) written.network[1].bias.moment1[2] = 0.1;  // not a binary32 number
      const Checkpoint read = decode(encode(written), "memory");
      EXPECT_EQ(read.recipe, written.recipe);
      EXPECT_EQ(read.progress, written.progress);
      EXPECT_EQ(read.samples, 50);
      EXPECT_EQ(read.data_fingerprint, written.data_fingerprint);
      EXPECT_EQ(read.dtype, dtype);
      for (std::size_t l = 0; l < 2; ++l) {
        EXPECT_EQ(read.network[l].weight.value, written.network[l].weight.value);
        EXPECT_EQ(read.network[l].bias.moment1, written.network[l].bias.moment1);
        EXPECT_EQ(read.network[l].weight.moment2, written.network[l].weight.moment2);
      }
    }
  }
}

TEST(Checkpoint, UsesPyTorchsNames) {
  const std::vector<std::byte> adam = encode(sound());
  const safetensors::File file = safetensors::parse(adam, "memory");
  EXPECT_EQ(file.tensors.at("fc1.weight").shape, (std::vector<std::int64_t>{5, 6}));
  EXPECT_EQ(file.tensors.at("fc2.bias").shape, (std::vector<std::int64_t>{3}));
  EXPECT_EQ(file.tensors.count("optim.fc2.weight.exp_avg_sq"), 1U);
  EXPECT_EQ(file.tensors.at("optim.fc1.bias.exp_avg").dtype, "F32");
  EXPECT_EQ(file.tensors.size(), 12U);
  const std::vector<std::byte> sgd = encode(sound(Optimizer::sgd));
  EXPECT_EQ(safetensors::parse(sgd, "memory").tensors.count("optim.fc1.weight.momentum_buffer"), 1U);
}

TEST(Checkpoint, RefusesEveryTruncation) {
  const std::vector<std::byte> bytes = encode(sound());
  for (std::size_t size = 0; size < bytes.size(); size += size < 64 ? 1 : 37) {
    EXPECT_ERROR(io::FormatError, "cut", decode(std::span(bytes).first(size), "cut"));
  }
}

struct Spoiled {
  const char* message;
  std::function<void(safetensors::File&)> spoil;
};

class SpoiledCheckpoint : public testing::TestWithParam<Spoiled> {};

TEST_P(SpoiledCheckpoint, IsRefusedByName) {
  const std::vector<std::byte> bytes = encode(sound());
  safetensors::File file = safetensors::parse(bytes, "memory");
  GetParam().spoil(file);
  const std::vector<std::byte> spoiled = safetensors::serialise(file);
  EXPECT_ERROR(io::FormatError, GetParam().message, decode(spoiled, "run.safetensors"));
  EXPECT_ERROR(io::FormatError, "run.safetensors: ", decode(spoiled, "run.safetensors"));
}

auto set(const char* field, const char* text) {
  return [=](safetensors::File& file) { file.metadata[field] = text; };
}

INSTANTIATE_TEST_SUITE_P(
    Contents, SpoiledCheckpoint,
    testing::Values(
        Spoiled{"xent.version is missing", [](auto& f) { f.metadata.clear(); }},
        Spoiled{"xent.version is \"2\"", set("xent.version", "2")},
        Spoiled{"recipe.lr is missing", [](auto& f) { f.metadata.erase("recipe.lr"); }},
        Spoiled{"recipe: lr is nan", set("recipe.lr", "nan")},
        Spoiled{"recipe: lr is inf", set("recipe.lr", "inf")},
        Spoiled{"recipe.lr is \"fast\"", set("recipe.lr", "fast")},
        Spoiled{"recipe: epsilon is 0", set("recipe.epsilon", "0")},
        Spoiled{"recipe: batch is 0", set("recipe.batch", "0")},
        Spoiled{"recipe: optimizer is \"lion\"", set("recipe.optimizer", "lion")},
        Spoiled{"recipe.layers is \"\"", set("recipe.layers", "6,,3")},
        Spoiled{"recipe: a layer's width is 9000000000", set("recipe.layers", "6,9000000000,3")},
        Spoiled{"tensor fc1.weight has not the recipe's shape", set("recipe.layers", "6,4,3")},
        Spoiled{"tensor fc3.weight is missing", set("recipe.layers", "6,5,3,2")},
        Spoiled{"it holds 12 tensors, the recipe has 6", set("recipe.layers", "6,5")},
        Spoiled{"tensor optim.fc1.weight.momentum_buffer is missing", set("recipe.optimizer", "sgd")},
        Spoiled{"tensor fc1.bias is missing", [](auto& f) { f.tensors.erase("fc1.bias"); }},
        Spoiled{"it holds 13 tensors, the recipe has 12",
                [](auto& f) {
                  f.tensors["x"] = {"U8", {0}, {}};
                }},
        Spoiled{"tensor fc2.bias has dtype I32, must be F32 or F64",
                [](auto& f) { f.tensors["fc2.bias"].dtype = "I32"; }},
        Spoiled{"tensor fc1.weight has not the recipe's shape",
                [](auto& f) {
                  f.tensors["fc1.weight"].shape = {6, 5};
                }},
        Spoiled{"data.samples is 0", set("data.samples", "0")},
        Spoiled{"data.samples is 9223372036854775807", set("data.samples", "9223372036854775807")},
        Spoiled{"data.fingerprint is \"-1\"", set("data.fingerprint", "-1")},
        Spoiled{"progress.epoch is 3, must be from 0 to 2", set("progress.epoch", "3")},
        Spoiled{"progress.epoch is -1", set("progress.epoch", "-1")},
        Spoiled{"progress.step_in_epoch is 3, must be from 0 to 0", set("progress.epoch", "2")},
        Spoiled{"progress.step_in_epoch is 4, must be from 0 to 3", set("progress.step_in_epoch", "4")},
        Spoiled{"progress.step is 8, must be 7", set("progress.step", "8")},
        Spoiled{"progress.epoch_samples is 47, must be 48", set("progress.epoch_samples", "47")},
        Spoiled{"progress.epoch_correct is 49", set("progress.epoch_correct", "49")}));

}  // namespace
}  // namespace xent::mlp
