// Reading and replacing whole files on a file system that behaves.
#include "host/io/file.hpp"

#include <fstream>
#include <set>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include "host/io/error.hpp"
#include "host/io/temporary_file.hpp"
#include "tests/io/bytes.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::io {
namespace {

namespace fs = std::filesystem;
using test::Bytes;
using test::bytes_of;
using test::TemporaryFolder;
using ::testing::ElementsAre;

TEST(ReadFile, GivesBackWhatWasWrittenAtEverySizeAroundTheBuffer) {
  const TemporaryFolder folder;
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 131072u, 1000003u}) {
    Bytes content(size);
    for (std::size_t i = 0; i < size; ++i) content[i] = static_cast<std::byte>(i * 31 + i / 251);
    write_file_atomically(folder / "file", content);
    EXPECT_EQ(read_file(folder / "file"), content) << size;
  }
}

TEST(ReadFile, ReadsAFileThatDoesNotKnowItsSize) { EXPECT_FALSE(read_file("/proc/self/status").empty()); }

TEST(ReadFile, ReadsAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  ASSERT_EQ(::write(ends[1], "digits", 6), 6);
  ::close(ends[1]);
  EXPECT_EQ(read_file("/proc/self/fd/" + std::to_string(ends[0])), bytes_of("digits"));
  ::close(ends[0]);
}

TEST(ReadFile, NamesTheFileItCannotRead) {
  const TemporaryFolder folder;
  EXPECT_ERROR(IoError, "absent': No such file", read_file(folder / "absent"));
  EXPECT_ERROR(IoError, "Is a directory", read_file(folder.path()));
}

TEST(ReadFile, RefusesMoreThanTheLimitAndTakesTheLimit) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "file", "12345678");
  EXPECT_EQ(read_file(folder / "file", 8).size(), 8u);
  EXPECT_ERROR(FormatError, "larger than the 7 bytes", read_file(folder / "file", 7));
  EXPECT_ERROR(FormatError, "larger than the 100 bytes", read_file("/proc/self/status", 100));
}

TEST(ReadFile, GivesUpOnADeviceThatNeverEnds) {
  EXPECT_ERROR(FormatError, "'/dev/zero' is larger than the 268435456 bytes", read_file("/dev/zero"));
  EXPECT_ERROR(FormatError, "'/dev/zero' is larger than the 9 bytes", read_file("/dev/zero", 9));
}

TEST(WriteFileAtomically, ReplacesTheContentAndLeavesNothingElse) {
  const TemporaryFolder folder;
  write_file_atomically(folder / "file", "a long first content");
  write_file_atomically(folder / "file", "short");
  EXPECT_EQ(read_file(folder / "file"), bytes_of("short"));
  EXPECT_THAT(folder.names(), ElementsAre("file"));
}

TEST(WriteFileAtomically, TakesANameWithoutAFolder) {
  const TemporaryFolder folder;
  const fs::path before = fs::current_path();
  fs::current_path(folder.path());
  EXPECT_NO_THROW(write_file_atomically("file", "here"));
  fs::current_path(before);
  EXPECT_EQ(read_file(folder / "file"), bytes_of("here"));
}

TEST(WriteFileAtomically, FollowsTheUmaskForANewFileAndKeepsTheModeOfAnOldOne) {
  const TemporaryFolder folder;
  const mode_t before = ::umask(027);
  write_file_atomically(folder / "file", "new");
  ::umask(before);
  const auto mode = [&] { return static_cast<unsigned>(fs::status(folder / "file").permissions()); };
  EXPECT_EQ(mode(), 0640u);
  fs::permissions(folder / "file", fs::perms{0604});
  write_file_atomically(folder / "file", "replaced");
  EXPECT_EQ(mode(), 0604u);
}

TEST(WriteFileAtomically, ReplacesTheFileBehindALinkAndKeepsTheLink) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "runs");
  write_file_atomically(folder / "runs/7", "old");
  fs::create_symlink("runs/7", folder / "latest");
  write_file_atomically(folder / "latest", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "latest"));
  EXPECT_EQ(read_file(folder / "runs/7"), bytes_of("new"));
}

TEST(WriteFileAtomically, MakesTheFileThatALinkLacks) {
  const TemporaryFolder folder;
  fs::create_directory(folder / "runs");
  fs::create_symlink("runs/8", folder / "next");
  fs::create_symlink("next", folder / "latest");
  write_file_atomically(folder / "latest", "new");
  EXPECT_TRUE(fs::is_symlink(folder / "latest") && fs::is_symlink(folder / "next"));
  EXPECT_EQ(read_file(folder / "runs/8"), bytes_of("new"));
  fs::create_symlink("round", folder / "round");
  EXPECT_ERROR(IoError, "round': Too many levels", write_file_atomically(folder / "round", "x"));
}

TEST(WriteFileAtomically, RemovesWhatAKilledProcessLeftAndNothingElse) {
  const TemporaryFolder folder;
  // Of this very process id too: in a container every process may have the same.
  const std::string own = std::to_string(::getpid());
  for (const char* left : {"file.tmp-1-0", "file.tmp-4194305-17"}) std::ofstream(folder / left) << "left";
  for (int i = 0; i < 500; ++i)
    std::ofstream(folder / ("file.tmp-" + own + "-" + std::to_string(i))) << "left";
  const std::set<std::string> others{"file.tmp-",      "file.tmp-1",    "file.tmp-1-",
                                     "file.tmp--1",    "file.tmp-1-x",  "file.tmp-1-2~",
                                     "a-file.tmp-1-2", "file2.tmp-1-2", "file.tmp-1-2-3"};
  for (const std::string& other : others) std::ofstream(folder / other) << "somebody's";
  fs::create_symlink("file2.tmp-1-2", folder / "file.tmp-7-7");
  fs::create_directory(folder / "file.tmp-8-8");
  write_file_atomically(folder / "file", "content");
  EXPECT_EQ(read_file(folder / "file"), bytes_of("content"));
  std::set<std::string> expected = others;
  expected.insert({"file", "file.tmp-7-7", "file.tmp-8-8"});
  EXPECT_EQ(folder.names(), expected);
}

TEST(WriteFileAtomically, LeavesATemporaryFileWhoseWriterLives) {
  const TemporaryFolder folder;
  TemporaryFile other(folder / "file");
  other.fill(bytes_of("other"));
  write_file_atomically(folder / "file", "content");
  EXPECT_EQ(folder.names().size(), 2U);
  other.replace_target();
  EXPECT_EQ(read_file(folder / "file"), bytes_of("other"));
  EXPECT_THAT(folder.names(), ElementsAre("file"));
}

TEST(CheckReplaceable, ThrowsWhatASaveWouldAndLeavesNothing) {
  const TemporaryFolder folder;
  const auto refused = [](const fs::path& path, const char* why) {
    EXPECT_ERROR(IoError, "cannot write '" + path.string() + "': " + why, check_replaceable(path));
    EXPECT_ERROR(IoError, "cannot write '" + path.string() + "': " + why, write_file_atomically(path, "x"));
  };
  fs::create_symlink("absent/file", folder / "link");
  fs::create_symlink("/dev/full", folder / "device");
  refused(folder / "absent/file", "No such file");
  refused(folder.path(), "not a regular file");
  refused(folder / "device", "not a regular file");
  // The name itself would fit, the temporary one beside it does not.
  refused(folder / std::string(250, 'n'), "File name too long");
  EXPECT_ERROR(IoError, "absent/file': No such file", check_replaceable(folder / "link"));
  EXPECT_THAT(folder.names(), ElementsAre("device", "link"));

  fs::create_directory(folder / "absent");
  write_file_atomically(folder / "absent/file", "old");
  for (const char* path : {"link", "absent/file", "absent/new"})
    EXPECT_NO_THROW(check_replaceable(folder / path));
  EXPECT_EQ(read_file(folder / "link"), bytes_of("old"));
  EXPECT_THAT(folder.names(), ElementsAre("absent", "device", "link"));
}

TEST(WriteFileAtomically, RefusesWhatIsNotARegularFile) {
  const TemporaryFolder folder;
  EXPECT_ERROR(IoError, "not a regular file", write_file_atomically(folder.path(), "x"));
  EXPECT_ERROR(IoError, "'/dev/null': not a regular file", write_file_atomically("/dev/null", "x"));
  EXPECT_TRUE(fs::is_character_file("/dev/null"));
}

TEST(WriteFileAtomically, NamesAFolderThatIsNotThere) {
  const TemporaryFolder folder;
  EXPECT_ERROR(IoError, "No such file or directory", write_file_atomically(folder / "absent/file", "x"));
  EXPECT_TRUE(folder.names().empty());
}

}  // namespace
}  // namespace xent::io
