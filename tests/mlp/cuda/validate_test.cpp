// The CUDA backend, its kernels run by the emulation, judged as xent-mnist --validate judges a real device.
#include "host/mlp/validate.hpp"

#include <gtest/gtest.h>

#include "tests/mlp/made_up_data.hpp"

namespace xent::mlp {
namespace {

TEST(ValidateOnCuda, EveryOptimizerIsWithin) {
  const data::Dataset train = test::made_up_data(84, 5, 7);
  for (const Optimizer optimizer : {Optimizer::sgd, Optimizer::adam, Optimizer::adamw}) {
    for (const bool resident : {false, true}) {
      SCOPED_TRACE(::testing::Message() << name(optimizer) << (resident ? ", resident" : ""));
      Recipe recipe = test::busy_recipe(optimizer);
      if (resident) recipe.layers = {35, 20, 10};
      const Validation found = validate(recipe, train, 8, {.device = Device::cuda, .threads = 1});
      EXPECT_TRUE(found.within());
      EXPECT_TRUE(found.repeatable);
      EXPECT_EQ(found.steps, 8);
      for (const TensorValidation& one : found.tensors) {
        EXPECT_GT(one.gradient.value, 0.0) << one.name;
        EXPECT_LE(one.gradient.value, one.gradient.allowed) << one.name;
        EXPECT_LE(one.update.value, one.update.allowed) << one.name;
      }
    }
  }
}

}  // namespace
}  // namespace xent::mlp
