// Saving when the disk is full, and when the process is killed: the old content or the new, never a part.
#include <algorithm>
#include <chrono>
#include <csignal>
#include <random>
#include <string>
#include <thread>

#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "tests/io/bytes.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::io {
namespace {

using test::Bytes;
using test::bytes_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;

constexpr int kThrewIoError = 10;
constexpr int kNoSuchSetup = 11;  // the child may not do what the test needs

/// Runs the body in a child process, since it changes limits or mounts, and gives its exit status.
template <typename Body>
int in_child(Body body) {
  const pid_t child = ::fork();
  if (child == 0) {
    int status = 1;
    try {
      status = body();
    } catch (const IoError&) {
      status = kThrewIoError;
    } catch (...) {
    }
    ::_exit(status);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenTheNewOneMayNotGrow) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "file", "old");
  const int status = in_child([&] {
    std::signal(SIGXFSZ, SIG_IGN);  // then write() fails with EFBIG, after having written a part
    const rlimit limit{.rlim_cur = 10000, .rlim_max = 10000};
    if (::setrlimit(RLIMIT_FSIZE, &limit) != 0) return kNoSuchSetup;
    write_file_atomically(folder / "file", Bytes(100000));
    return 0;
  });
  EXPECT_EQ(status, kThrewIoError);
  EXPECT_EQ(read_file(folder / "file"), bytes_of("old"));
  EXPECT_THAT(folder.names(), ElementsAre("file"));
}

TEST(WriteFileAtomically, KeepsTheOldFileWhenTheDiskIsFull) {
  const TemporaryFolder folder;
  // A private mount: seen by the child alone, so the child judges as well.
  const int status = in_child([&] {
    if (::unshare(::geteuid() == 0 ? CLONE_NEWNS : CLONE_NEWUSER | CLONE_NEWNS) != 0) return kNoSuchSetup;
    if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return kNoSuchSetup;
    if (::mount("xent", folder.path().c_str(), "tmpfs", 0, "size=256k") != 0) return kNoSuchSetup;
    write_file_atomically(folder / "file", Bytes(100000, std::byte{'o'}));
    try {
      write_file_atomically(folder / "file", Bytes(1000000, std::byte{'n'}));
      return 2;
    } catch (const IoError& error) {
      if (std::string(error.what()).find("No space left on device") == std::string::npos) return 3;
    }
    if (read_file(folder / "file") != Bytes(100000, std::byte{'o'})) return 4;
    return folder.names().size() == 1 ? 0 : 5;
  });
  if (status == kNoSuchSetup) GTEST_SKIP() << "no right to mount a small file system here";
  EXPECT_EQ(status, 0);
}

TEST(WriteFileAtomically, SurvivesKillAtAnyMoment) {
  const TemporaryFolder folder;
  const Bytes a(700000, std::byte{'a'});
  const Bytes b(300000, std::byte{'b'});
  write_file_atomically(folder / "file", a);
  std::minstd_rand random(1);
  constexpr int kKills = 60;
  int left_behind = 0;
  for (int kill = 0; kill < kKills; ++kill) {
    const pid_t child = ::fork();
    if (child == 0) {
      while (true) {
        write_file_atomically(folder / "file", a);
        write_file_atomically(folder / "file", b);
      }
    }
    std::this_thread::sleep_for(std::chrono::microseconds(200 + random() % 8000));
    ::kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed before it was killed";
    const Bytes found = read_file(folder / "file");
    ASSERT_TRUE(found == a || found == b) << found.size() << " bytes after kill " << kill;
    // At most one, for each save removes what the one before it left.
    ASSERT_LE(folder.names().size(), 2u);
    if (folder.names().size() == 2) ++left_behind;
  }
  EXPECT_GT(left_behind, 0) << "no kill struck inside a save";
  write_file_atomically(folder / "file", a);
  EXPECT_THAT(folder.names(), ElementsAre("file"));
}

}  // namespace
}  // namespace xent::io
