// Which source is taken, and what is said when one is unusable.
#include "host/data/mnist.hpp"

#include <cstdlib>
#include <optional>

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "host/io/sha256.hpp"
#include "tests/data/http_server.hpp"
#include "tests/data/idx_bytes.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::data {
namespace {

namespace fs = std::filesystem;
using test::Bytes;
using test::gzip;
using test::idx_images;
using test::idx_labels;
using test::TemporaryFolder;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

struct Part {
  std::string name;
  Bytes bytes;
};

/// `train` images and labels, and as test set one of each less.
std::vector<Part> four_files(std::uint32_t train) {
  return {{"train-images-idx3-ubyte", idx_images(train)},
          {"train-labels-idx1-ubyte", idx_labels(train)},
          {"t10k-images-idx3-ubyte", idx_images(train - 1)},
          {"t10k-labels-idx1-ubyte", idx_labels(train - 1)}};
}

void put(const fs::path& folder, const std::vector<Part>& parts) {
  fs::create_directories(folder);
  for (const Part& part : parts) io::write_file_atomically(folder / part.name, part.bytes);
}

TEST(LoadFolder, ReadsEverySpelling) {
  for (const bool dotted : {false, true}) {
    for (const bool packed : {false, true}) {
      const TemporaryFolder folder;
      std::vector<Part> parts = four_files(5);
      for (Part& part : parts) {
        if (dotted) part.name[part.name.find("-idx")] = '.';
        if (packed) part = {part.name.append(".gz"), gzip(part.bytes)};
      }
      put(folder.path(), parts);
      const TrainTest digits = load_folder(folder.path());
      EXPECT_EQ(digits.train.count, 5);
      EXPECT_EQ(digits.test.count, 4);
      EXPECT_FALSE(digits.synthetic);
      EXPECT_THAT(digits.origin, HasSubstr(folder.path().string()));
    }
  }
}

TEST(LoadFolder, TakesAGzipThatLostItsSuffix) {
  const TemporaryFolder folder;
  std::vector<Part> parts = four_files(5);
  for (Part& part : parts) part.bytes = gzip(part.bytes);
  put(folder.path(), parts);
  EXPECT_EQ(load_folder(folder.path()).train.count, 5);
}

TEST(LoadFolder, NamesEachFileThatIsMissing) {
  for (const Part& missing : four_files(3)) {
    const TemporaryFolder folder;
    put(folder.path(), four_files(3));
    fs::remove(folder / missing.name);
    EXPECT_ERROR(io::IoError, "no file '" + missing.name + "' or '" + missing.name + ".gz'",
                 load_folder(folder.path()));
  }
}

TEST(LoadFolder, NamesAFolderThatIsNone) {
  const TemporaryFolder folder;
  EXPECT_ERROR(io::IoError, "absent' is not a folder", load_folder(folder / "absent"));
  io::write_file_atomically(folder / "file", "");
  EXPECT_ERROR(io::IoError, "file' is not a folder", load_folder(folder / "file"));
}

TEST(LoadFolder, RefusesTrainAndTestImagesOfDifferentSize) {
  const TemporaryFolder folder;
  std::vector<Part> parts = four_files(3);
  parts[2].bytes = idx_images(2, 14, 14);
  put(folder.path(), parts);
  EXPECT_ERROR(io::FormatError, "the training images are 28x28, the test images 14x14",
               load_folder(folder.path()));
}

/// Sets or unsets a variable for as long as it lives.
class Variable {
 public:
  Variable(const char* name, const std::optional<std::string>& value) : name_(name) {
    if (const char* before = std::getenv(name)) before_ = before;
    set(value);
  }
  Variable(const Variable&) = delete;
  Variable& operator=(const Variable&) = delete;
  ~Variable() { set(before_); }
  void set(const std::optional<std::string>& value) const {
    value ? ::setenv(name_, value->c_str(), 1) : ::unsetenv(name_);
  }

 private:
  const char* name_;
  std::optional<std::string> before_{};
};

/// Environment and network are the test's own: nothing of the machine's is seen.
class LoadDigits : public ::testing::Test {
 protected:
  void SetUp() override {
    options.notice = [this](std::string_view line) { notices.emplace_back(line); };
    options.synthetic = {.train = 70, .test = 30};
    options.remote = {.mirrors = {server.url()}};
    for (const Part& part : four_files(9)) {
      options.remote.files.push_back({part.name + ".gz", io::sha256_hex(part.bytes)});
    }
  }
  void serve() {
    for (const Part& part : four_files(9)) server.serve(part.name + ".gz", {.body = gzip(part.bytes)});
  }

  TemporaryFolder folder{};
  test::HttpServer server{};
  Variable mnist{"XENT_MNIST_DIR", std::nullopt};
  Variable cache{"XENT_CACHE_DIR", (folder / "cache").string()};
  LoadOptions options{};
  std::vector<std::string> notices{};
};

TEST_F(LoadDigits, TakesTheNamedFolderBeforeAllElse) {
  put(folder / "named", four_files(3));
  put(folder / "variable", four_files(4));
  put(folder / "cache/mnist", four_files(5));
  serve();
  options.data = folder / "named";
  mnist.set((folder / "variable").string());
  EXPECT_EQ(load_digits(options).train.count, 3);
  options.data.reset();
  EXPECT_EQ(load_digits(options).train.count, 4);
  mnist.set("");
  EXPECT_EQ(load_digits(options).train.count, 5);
  fs::remove_all(folder / "cache");
  EXPECT_EQ(load_digits(options).train.count, 9);
}

TEST_F(LoadDigits, NeverPassesOverANamedFolder) {
  put(folder / "cache/mnist", four_files(5));
  options.data = folder / "absent";
  EXPECT_ERROR(io::IoError, "--data: ", load_digits(options));
  options.data.reset();
  mnist.set((folder / "absent").string());
  EXPECT_ERROR(io::IoError, "XENT_MNIST_DIR: ", load_digits(options));
  put(folder / "absent", {{"train-images-idx3-ubyte", test::bytes_of("<html>")}});
  io::write_file_atomically(folder / "absent/train-labels-idx1-ubyte", idx_labels(3));
  EXPECT_ERROR(io::FormatError, "XENT_MNIST_DIR: ", load_digits(options));
}

TEST_F(LoadDigits, DownloadsOnceIntoTheCache) {
  serve();
  EXPECT_EQ(load_digits(options).train.count, 9);
  EXPECT_EQ(server.requests().size(), 4u);
  const TrainTest again = load_digits(options);
  EXPECT_EQ(again.test.count, 8);
  EXPECT_FALSE(again.synthetic);
  EXPECT_EQ(server.requests().size(), 4u);
}

TEST_F(LoadDigits, ReplacesADamagedCache) {
  serve();
  load_digits(options);
  io::write_file_atomically(folder / "cache/mnist/t10k-images-idx3-ubyte.gz", "");
  EXPECT_EQ(load_digits(options).test.count, 8);
  EXPECT_THAT(notices, Contains(HasSubstr("the cache is damaged")));
  EXPECT_EQ(server.requests().size(), 5u);
}

TEST_F(LoadDigits, FallsBackToSyntheticDigitsAndSaysSo) {
  const TrainTest digits = load_digits(options);  // the server has nothing
  EXPECT_TRUE(digits.synthetic);
  EXPECT_EQ(digits.train.count, 70);
  EXPECT_THAT(digits.origin, HasSubstr("synthetic"));
  EXPECT_THAT(notices, Contains(HasSubstr("MNIST could not be downloaded")));
  EXPECT_THAT(notices, Contains(HasSubstr("using synthetic digits instead of MNIST")));
}

TEST_F(LoadDigits, OfflineAsksNobody) {
  serve();
  options.offline = true;
  EXPECT_TRUE(load_digits(options).synthetic);
  EXPECT_THAT(server.requests(), IsEmpty());
}

TEST_F(LoadDigits, DoesWithoutACacheThatCannotBeWritten) {
  serve();
  io::write_file_atomically(folder / "file", "");
  cache.set((folder / "file").string());
  EXPECT_TRUE(load_digits(options).synthetic);
}

TEST_F(LoadDigits, FindsTheCacheFolder) {
  EXPECT_EQ(cache_folder(), folder / "cache");
  cache.set(std::nullopt);
  const Variable home("HOME", "/home/somebody");
  const Variable xdg("XDG_CACHE_HOME", "/var/somewhere");
  EXPECT_EQ(cache_folder(), fs::path("/var/somewhere/xent"));
  xdg.set(std::nullopt);
  EXPECT_EQ(cache_folder(), fs::path("/home/somebody/.cache/xent"));
  home.set(std::nullopt);
  EXPECT_EQ(cache_folder(), std::nullopt);
}

}  // namespace
}  // namespace xent::data
