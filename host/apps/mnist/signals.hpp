// Ctrl-C (and SIGTERM) as a flag that the training loop looks at between steps.
#pragma once

namespace xent::mnist {

/// While it lives, the first SIGINT or SIGTERM only raises the flag; the next one of the same kind ends
/// the process at once, as if this were not here.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static bool requested();
};

}  // namespace xent::mnist
