// fork, exec, pipes and a pseudo-terminal.
#include "tests/apps/process.hpp"

#include <array>
#include <chrono>
#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <thread>

#include <fcntl.h>
#include <pty.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/apps/common/text.hpp"

namespace xent::test {
namespace {

/// What exec needs, made before fork: after it a child of threads may not allocate.
class Command {
 public:
  Command(const std::string& program, const Launch& launch)
      : folder_(launch.folder.string()), in_child_(launch.in_child) {
    arguments_ = launch.arguments;
    arguments_.insert(arguments_.begin(), program);
    environment_ = {"PATH=/usr/bin:/bin", "HOME=" + folder_, "TERM=xterm-256color"};
    for (const auto& [name, value] : launch.environment) environment_.push_back(apps::cat(name, "=", value));
    for (std::string& text : arguments_) argv_.push_back(text.data());
    for (std::string& text : environment_) envp_.push_back(text.data());
    argv_.push_back(nullptr);
    envp_.push_back(nullptr);
  }

  [[noreturn]] void execute() const {
    std::signal(SIGINT, SIG_DFL);
    if (in_child_) in_child_();
    if (::chdir(folder_.c_str()) == 0) ::execve(argv_.front(), argv_.data(), envp_.data());
    ::_exit(127);
  }

 private:
  std::string folder_;
  std::function<void()> in_child_;
  std::vector<std::string> arguments_, environment_;
  std::vector<char*> argv_, envp_;
};

std::string content_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

void decode_status(int status, Outcome& outcome) {
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) outcome.signal = WTERMSIG(status);
}

}  // namespace

Child::Child(const std::string& program, const Launch& launch) : err_(launch.folder / ".stderr") {
  const Command command(program, launch);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) throw std::runtime_error("pipe failed");
  ::fcntl(ends[1], F_SETPIPE_SZ, 4096);
  const int err = ::open(err_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    ::dup2(ends[1], STDOUT_FILENO);
    ::dup2(err, STDERR_FILENO);
    command.execute();
  }
  ::close(ends[1]);
  ::close(err);
  out_ = ends[0];
}

Child::~Child() {
  ::close(out_);
  if (reaped_) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

bool Child::fill() {
  std::array<char, 4096> buffer{};
  const ssize_t got = ::read(out_, buffer.data(), buffer.size());
  if (got <= 0) return false;
  pending_.append(buffer.data(), static_cast<std::size_t>(got));
  return true;
}

std::optional<std::string> Child::read_line() {
  std::size_t end = 0;
  while ((end = pending_.find('\n')) == std::string::npos) {
    if (!fill()) return std::nullopt;
  }
  std::string line = pending_.substr(0, end);
  pending_.erase(0, end + 1);
  return line;
}

void Child::send(int signal) { ::kill(pid_, signal); }

bool Child::wait_until_blocked() {
  // Room for less than a line is left, and nothing more has come for a while.
  int before = -1;
  for (int quiet = 0; quiet < 20;) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
    int now = 0;
    ::ioctl(out_, FIONREAD, &now);
    quiet = now == before && now > 3000 ? quiet + 1 : 0;
    before = now;
    siginfo_t ended{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ended, WEXITED | WNOHANG | WNOWAIT);
    if (ended.si_pid != 0) return false;
  }
  return true;
}

Outcome Child::finish() {
  while (fill()) {
  }
  Outcome outcome{.out = pending_};
  int status = 0;
  ::waitpid(pid_, &status, 0);
  reaped_ = true;
  decode_status(status, outcome);
  outcome.err = content_of(err_);
  return outcome;
}

Outcome run(const std::string& program, const Launch& launch) { return Child(program, launch).finish(); }

Outcome run_on_terminal(const std::string& program, const Launch& launch) {
  const Command command(program, launch);
  const winsize size{.ws_row = 30, .ws_col = 100, .ws_xpixel = 0, .ws_ypixel = 0};
  int terminal = -1;
  const pid_t pid = ::forkpty(&terminal, nullptr, nullptr, &size);
  if (pid < 0) throw std::runtime_error("forkpty failed");
  if (pid == 0) command.execute();
  Outcome outcome;
  std::array<char, 4096> buffer{};
  // The read fails with EIO when the child has closed its end.
  for (ssize_t got = 0; (got = ::read(terminal, buffer.data(), buffer.size())) > 0;) {
    outcome.out.append(buffer.data(), static_cast<std::size_t>(got));
  }
  int status = 0;
  ::waitpid(pid, &status, 0);
  ::close(terminal);
  decode_status(status, outcome);
  return outcome;
}

}  // namespace xent::test
