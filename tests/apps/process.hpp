// Runs the real program: to its end, or step by step through its standard output.
#pragma once

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

namespace xent::test {

struct Outcome {
  int exit_code = -1;  ///< -1 if a signal ended it
  int signal = 0;
  std::string out{};
  std::string err{};
};

struct Launch {
  std::vector<std::string> arguments{};                            ///< without the program
  std::filesystem::path folder{};                                  ///< where it runs
  std::vector<std::pair<std::string, std::string>> environment{};  ///< added to a minimal one
  std::function<void()> in_child{};  ///< before exec; async-signal-safe calls only
};

/// A child whose standard output is a pipe of the least size (so that it blocks when not read) and whose
/// standard error goes to a file. Killed if still alive at the end.
class Child {
 public:
  Child(const std::string& program, const Launch& launch);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// The next line of its output, nothing at the end of it.
  std::optional<std::string> read_line();
  void send(int signal);
  /// Returns when it has filled the pipe and so waits for its reader; false if it ends first.
  bool wait_until_blocked();
  /// Reads the rest and waits for its end.
  Outcome finish();

 private:
  bool fill();
  pid_t pid_ = -1;
  int out_ = -1;
  bool reaped_ = false;
  std::string pending_{};
  std::filesystem::path err_;
};

Outcome run(const std::string& program, const Launch& launch);

/// The same on a terminal of 100 columns; out holds what the terminal received.
Outcome run_on_terminal(const std::string& program, const Launch& launch);

}  // namespace xent::test
