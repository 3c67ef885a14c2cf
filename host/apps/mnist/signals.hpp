// Ctrl-C, a request to end and a lost terminal, as a flag that the training loop looks at between steps.
#pragma once

#include <array>

#include <csignal>

namespace xent::mnist {

/// While it lives, the first SIGINT, SIGTERM or SIGHUP only raises the flag; the next one of the same kind
/// ends the process at once, as if this were not here. A signal that was ignored stays so: nohup means it.
class StopSignals {
 public:
  StopSignals();
  ~StopSignals();
  StopSignals(const StopSignals&) = delete;
  StopSignals& operator=(const StopSignals&) = delete;

  static bool requested();

 private:
  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP};
  std::array<struct sigaction, kSignals.size()> before_{};
};

}  // namespace xent::mnist
