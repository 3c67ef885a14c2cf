// Reading and replacing whole files on a file system that behaves.
#include "host/io/file.hpp"

#include <fstream>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include "host/io/error.hpp"
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

TEST(WriteFileAtomically, PassesOverATemporaryFileOfAnEarlierProcess) {
  const TemporaryFolder folder;
  // A process of the same id was killed here, whatever serial number comes next.
  for (int i = 0; i < 500; ++i) {
    std::ofstream(folder / ("file.tmp-" + std::to_string(::getpid()) + "-" + std::to_string(i))) << "left";
  }
  write_file_atomically(folder / "file", "content");
  EXPECT_EQ(read_file(folder / "file"), bytes_of("content"));
  EXPECT_EQ(folder.names().size(), 501u);
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
