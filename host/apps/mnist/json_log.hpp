// The run as JSON lines, each flushed as it is written: for scripts and plots.
#pragma once

#include <filesystem>
#include <memory>

#include "host/apps/mnist/run.hpp"

namespace xent::mnist {

/// Opens (and empties) the file at once, so that a bad path is known before training; "-" is standard
/// output. Throws io::IoError, also where a line cannot be written.
///
/// Lines: start; one epoch for each, also those known from before a resume (their timings are null);
/// then final, interrupted or diverged. Of a validation: start and validation.
std::unique_ptr<RunObserver> make_json_log(const std::filesystem::path& path);

}  // namespace xent::mnist
