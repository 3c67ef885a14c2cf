// One transfer: complete, resumed, cut, refused, silent, unreachable.
#include "host/data/http.hpp"

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "tests/data/http_server.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::data {
namespace {

using test::Bytes;
using test::bytes_of;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

class Http : public ::testing::Test {
 protected:
  TransferResult get(const std::string& name = "file") { return fetch(server.url() + name, part, limits); }
  Bytes content() { return io::read_file(part); }

  test::TemporaryFolder folder{};
  test::HttpServer server{};
  std::filesystem::path part = folder / "file.part";
  TransferLimits limits{};
};

TEST_F(Http, FetchesAFile) {
  server.serve("file", {.body = Bytes(300000, std::byte{'x'})});
  EXPECT_EQ(get().outcome, TransferOutcome::complete);
  EXPECT_EQ(content(), Bytes(300000, std::byte{'x'}));
}

TEST_F(Http, KeepsWhatCameBeforeACutAndAsksForTheRest) {
  server.serve("file", {.body = bytes_of("0123456789"), .cut = 4});
  const TransferResult first = get();
  EXPECT_EQ(first.outcome, TransferOutcome::interrupted);
  EXPECT_FALSE(first.reason.empty());
  EXPECT_EQ(content(), bytes_of("0123"));
  const TransferResult second = get();
  EXPECT_EQ(second.outcome, TransferOutcome::complete);
  EXPECT_TRUE(second.resumed);
  EXPECT_EQ(content(), bytes_of("0123456789"));
  EXPECT_THAT(server.requests(), ElementsAre("file", "file@4"));
}

TEST_F(Http, StartsAnewWhereTheServerCannotResume) {
  server.serve("file", {.body = bytes_of("0123456789"), .ranges = false});
  io::write_file_atomically(part, "0123");
  const TransferResult result = get();
  EXPECT_EQ(result.outcome, TransferOutcome::complete);
  EXPECT_FALSE(result.resumed);
  EXPECT_EQ(content(), bytes_of("0123456789"));
}

TEST_F(Http, TakesAPartThatIsAlreadyAllForComplete) {
  server.serve("file", {.body = bytes_of("0123456789")});
  io::write_file_atomically(part, "0123456789");
  const TransferResult result = get();
  EXPECT_EQ(result.outcome, TransferOutcome::complete);
  EXPECT_TRUE(result.resumed);
  EXPECT_EQ(content(), bytes_of("0123456789"));
}

TEST_F(Http, FollowsARedirect) {
  server.serve("file", {.status = 302, .location = "/elsewhere"});
  server.serve("elsewhere", {.body = bytes_of("found")});
  EXPECT_EQ(get().outcome, TransferOutcome::complete);
  EXPECT_EQ(content(), bytes_of("found"));
}

TEST_F(Http, StaysOnHttp) {
  server.serve("file", {.status = 302, .location = "file:///etc/hostname"});
  EXPECT_NE(get().outcome, TransferOutcome::complete);
  EXPECT_FALSE(std::filesystem::exists(part));
}

TEST_F(Http, ReportsTheStatusOfARefusal) {
  const TransferResult result = get("absent");
  EXPECT_EQ(result.outcome, TransferOutcome::refused);
  EXPECT_EQ(result.reason, "HTTP status 404");
  EXPECT_FALSE(std::filesystem::exists(part)) << "an empty part is of no use to anybody";
}

TEST_F(Http, RefusesMoreThanTheLimit) {
  limits.max_bytes = 9;
  server.serve("file", {.body = bytes_of("0123456789")});
  const TransferResult result = get();
  EXPECT_EQ(result.outcome, TransferOutcome::refused);
  EXPECT_THAT(result.reason, HasSubstr("more than 9 bytes"));
  EXPECT_FALSE(std::filesystem::exists(part));
}

TEST_F(Http, KeepsAnEmptyFileThatIsComplete) {
  server.serve("file", {});
  EXPECT_EQ(get().outcome, TransferOutcome::complete);
  EXPECT_TRUE(content().empty());
}

TEST_F(Http, GivesUpOnASilentServer) {
  limits.stall = std::chrono::seconds(1);
  server.serve("file", {.silent = true});
  EXPECT_EQ(get().outcome, TransferOutcome::unreachable);
  EXPECT_FALSE(std::filesystem::exists(part));
}

TEST_F(Http, KeepsWhatCameBeforeTheServerFellSilent) {
  limits.stall = std::chrono::seconds(1);
  server.serve("file", {.body = bytes_of("0123456789"), .cut = 4, .hangs = true});
  EXPECT_EQ(get().outcome, TransferOutcome::interrupted);
  EXPECT_EQ(content(), bytes_of("0123"));
}

TEST_F(Http, SaysWhatAProxySays) {
  ::setenv("https_proxy", server.url().c_str(), 1);
  const TransferResult result = fetch("https://example.invalid/file", part, limits);
  ::unsetenv("https_proxy");
  EXPECT_EQ(result.outcome, TransferOutcome::unreachable);
  EXPECT_EQ(result.reason, "the proxy refuses, HTTP status 404");
}

TEST_F(Http, SeesThatNobodyIsThere) {
  const TransferResult result = fetch("http://127.0.0.1:1/file", part, limits);
  EXPECT_EQ(result.outcome, TransferOutcome::unreachable);
  EXPECT_FALSE(result.reason.empty());
}

TEST_F(Http, ThrowsWhenTheFileCannotBeWritten) {
  server.serve("file", {.body = bytes_of("content")});
  part = folder / "absent" / "file.part";
  EXPECT_ERROR(io::IoError, "cannot write", get());
  part = "/dev/full";
  EXPECT_ERROR(io::IoError, "cannot write '/dev/full': No space left on device", get());
}

}  // namespace
}  // namespace xent::data
