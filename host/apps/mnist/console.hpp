// The run as a person follows it: a few lines, a line per epoch, and a progress bar on a terminal.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "host/apps/mnist/options.hpp"
#include "host/apps/mnist/progress.hpp"
#include "host/apps/mnist/run.hpp"

namespace xent::mnist {

/// "adam, lr 0.01 exponential to 0.0001, batch 64, 10 epochs, seed 1": what is off goes unsaid.
std::string summary(const mlp::Recipe& recipe);
/// A table: its head, and one line per epoch.
std::string epoch_header(std::int64_t epochs);
std::string epoch_line(const Epoch& epoch, std::int64_t epochs);
ProgressView progress_view(const Run& run);

class Console : public RunObserver {
 public:
  /// Writes to standard output, or to standard error where the JSON log has taken the former. The bar
  /// goes to whichever of the two a person watches.
  explicit Console(const TrainOptions& options);

  /// The bar, of what is no training run.
  void progress(const ProgressView& view);
  /// A remark while the data is being found.
  void notice(std::string_view line);

  void started(const Run& run) override;
  void stepped(const Run& run) override;
  void epoch_ended(const Run& run, const mlp::Evaluation& test) override;
  void interrupted(const Run& run, const std::filesystem::path& checkpoint) override;
  void validated(const Run& run, const mlp::Validation& validation) override;
  void finished(const Run& run, const mlp::Evaluation& test) override;

 private:
  void line(std::string_view label, std::string_view text);
  void print(std::string_view text);

  const TrainOptions& options_;
  std::FILE* stream_;
  ProgressBar bar_;
};

}  // namespace xent::mnist
