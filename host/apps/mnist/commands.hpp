// What xent-mnist can do. Each returns the process's exit code and throws for errors.
#pragma once

#include "host/apps/mnist/options.hpp"
#include "host/apps/mnist/run.hpp"

namespace xent::mnist {

int train(const TrainOptions& options, WallClock::time_point start);
/// What --validate asks for. Throws ValidationFailed where the device is beyond a bound.
int validate(const TrainOptions& options, WallClock::time_point start);
int predict(const PredictOptions& options);

}  // namespace xent::mnist
