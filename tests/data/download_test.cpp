// Mirrors that fail in every way, and what is left in the folder afterwards.
#include "host/data/download.hpp"

#include <algorithm>
#include <chrono>

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "host/io/sha256.hpp"
#include "tests/data/http_server.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::data {
namespace {

using test::Bytes;
using test::bytes_of;
using test::gzip;
using test::HttpServer;
using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const char* const kNobody = "http://127.0.0.1:1/";

class Download : public ::testing::Test {
 protected:
  void SetUp() override {
    Bytes noise(20000);
    for (std::size_t i = 0; i < noise.size(); ++i)
      noise[i] = static_cast<std::byte>((i * i * 2654435761u) >> 13);
    content = noise;
    packed = gzip(content);
    remote.files = {{"a.gz", io::sha256_hex(content)}};
    remote.mirrors = {first.url(), second.url()};
    good = {.body = packed};
  }

  void run() {
    download(remote, folder.path(), [this](std::string_view line) { notices.emplace_back(line); });
  }
  Bytes brought() const { return io::read_file(folder / "a.gz"); }

  Bytes content{};
  Bytes packed{};
  test::Page good{};
  HttpServer first{};
  HttpServer second{};
  test::TemporaryFolder folder{};
  Remote remote{};
  std::vector<std::string> notices{};
};

TEST_F(Download, BringsAFileAndNothingElse) {
  first.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(folder.names(), ElementsAre("a.gz"));
  EXPECT_THAT(second.requests(), IsEmpty());
}

TEST_F(Download, MakesTheFolder) {
  first.serve("a.gz", good);
  download(remote, folder / "not/yet/there", {});
  EXPECT_EQ(io::read_file(folder / "not/yet/there/a.gz"), packed);
}

TEST_F(Download, KeepsAFileThatIsThere) {
  io::write_file_atomically(folder / "a.gz", packed);
  run();
  EXPECT_THAT(first.requests(), IsEmpty());
  EXPECT_THAT(notices, IsEmpty());
}

TEST_F(Download, ReplacesADamagedFile) {
  io::write_file_atomically(folder / "a.gz", std::span(packed).first(1000));
  first.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(notices, Contains(HasSubstr("is damaged and will be replaced")));
}

TEST_F(Download, ResumesAfterEveryCut) {
  good.cut = 5000;
  good.cuts = 2;
  first.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(first.requests(), ElementsAre("a.gz", "a.gz@5000", "a.gz@10000"));
  EXPECT_THAT(notices, Contains(HasSubstr("resuming at byte 5000")));
}

TEST_F(Download, ResumesWhatAnEarlierRunLeft) {
  io::write_file_atomically(folder / "a.gz.part", std::span(packed).first(7000));
  first.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(first.requests(), ElementsAre("a.gz@7000"));
}

TEST_F(Download, KeepsThePartForALaterRunWhenEverythingIsCut) {
  good.cut = 3000;
  good.cuts = 4;
  first.serve("a.gz", good);
  EXPECT_ERROR(io::IoError, "no mirror has served a.gz", run());
  EXPECT_THAT(folder.names(), ElementsAre("a.gz.part"));
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(folder.names(), ElementsAre("a.gz"));
}

TEST_F(Download, StartsAnewWhenThePartIsOfAnotherFile) {
  io::write_file_atomically(folder / "a.gz.part", "not the beginning of that file");
  first.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(first.requests(), ElementsAre("a.gz@30", "a.gz"));
}

TEST_F(Download, PassesOverAWrongHash) {
  first.serve("a.gz", {.body = gzip(bytes_of("something else"))});
  second.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(notices, Contains(HasSubstr("wrong content (SHA-256 ")));
}

TEST_F(Download, PassesOverAWebPage) {
  first.serve("a.gz", {.body = bytes_of("<!DOCTYPE html><p>log in first")});
  second.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(notices, Contains(HasSubstr("a web page instead of the file")));
}

TEST_F(Download, PassesOverATruncatedFileServedAsWhole) {
  const auto half = std::span(packed).first(packed.size() / 2);
  first.serve("a.gz", {.body = {half.begin(), half.end()}});
  second.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(notices, Contains(HasSubstr("cut off")));
}

TEST_F(Download, PassesOverA404) {
  second.serve("a.gz", good);
  run();
  EXPECT_EQ(brought(), packed);
  EXPECT_THAT(notices, Contains(HasSubstr("HTTP status 404")));
}

TEST_F(Download, TakesAFileThatTheMirrorUnpacked) {
  first.serve("a.gz", {.body = content});
  run();
  EXPECT_EQ(brought(), content);
}

TEST_F(Download, AsksAnUnreachableMirrorOnce) {
  remote.files.push_back({"b.gz", remote.files[0].sha256});
  remote.mirrors = {kNobody, second.url()};
  second.serve("a.gz", good);
  second.serve("b.gz", good);
  run();
  const auto asked = std::ranges::count_if(notices, [](const std::string& line) {
    return line.starts_with(std::string("downloading ") + kNobody);
  });
  EXPECT_EQ(asked, 1);
  EXPECT_THAT(folder.names(), ElementsAre("a.gz", "b.gz"));
}

TEST_F(Download, ASilentMirrorCostsOneWait) {
  remote.limits.stall = std::chrono::seconds(1);
  remote.files.push_back({"b.gz", remote.files[0].sha256});
  first.serve("a.gz", {.silent = true});
  second.serve("a.gz", good);
  second.serve("b.gz", good);
  run();
  EXPECT_THAT(first.requests(), ElementsAre("a.gz"));
  EXPECT_THAT(folder.names(), ElementsAre("a.gz", "b.gz"));
}

TEST_F(Download, ASilentNetworkCostsOneWaitForAllMirrors) {
  remote.limits.first = std::chrono::seconds(2);
  remote.limits.connect = std::chrono::seconds(1);
  remote.mirrors = {first.url(), second.url(), first.url() + "more/", second.url() + "more/"};
  for (const char* path : {"a.gz", "more/a.gz"}) {
    first.serve(path, {.silent = true});
    second.serve(path, {.silent = true});
  }
  EXPECT_ERROR(io::IoError, "no mirror has served a.gz", run());
  EXPECT_THAT(first.requests(), ElementsAre("a.gz"));
  // Each silence takes a second, or more on a busy machine: the two that there are go to two mirrors at most.
  EXPECT_THAT(second.requests(), AnyOf(IsEmpty(), ElementsAre("a.gz")));
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST_F(Download, SaysWhenNoMirrorHasIt) {
  remote.mirrors = {kNobody, first.url()};
  EXPECT_ERROR(io::IoError, "no mirror has served a.gz", run());
  EXPECT_THAT(notices, Contains(HasSubstr("HTTP status 404")));
  EXPECT_THAT(folder.names(), IsEmpty());
}

TEST_F(Download, SaysWhenTheFolderCannotBe) {
  io::write_file_atomically(folder / "file", "");
  EXPECT_ERROR(io::IoError, "file", download(remote, folder / "file/folder", {}));
}

TEST(MnistRemote, ListsTheFourFilesAndOnlySecureMirrors) {
  const Remote remote = mnist_remote();
  EXPECT_EQ(remote.files.size(), 4u);
  for (const RemoteFile& file : remote.files) EXPECT_EQ(file.sha256.size(), 64u) << file.name;
  for (const std::string& mirror : remote.mirrors) {
    EXPECT_TRUE(mirror.starts_with("https://") && mirror.ends_with("/")) << mirror;
  }
}

}  // namespace
}  // namespace xent::data
