// The real MNIST, where $XENT_MNIST_DIR has it: its counts, its bytes, its first digits.
#include <cstdlib>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "host/data/mnist.hpp"
#include "host/io/file.hpp"
#include "host/io/gzip.hpp"
#include "host/io/sha256.hpp"

namespace xent::data {
namespace {

using ::testing::ElementsAre;

TEST(RealMnist, IsWhatEveryoneElseTrainsOn) {
  const char* folder = std::getenv("XENT_MNIST_DIR");
  if (folder == nullptr || *folder == '\0') GTEST_SKIP() << "XENT_MNIST_DIR is not set";
  const TrainTest digits = load_digits();
  EXPECT_EQ(digits.train.count, 60000);
  EXPECT_EQ(digits.test.count, 10000);
  EXPECT_EQ(digits.train.features(), 784);
  const auto first = [](const Dataset& set) {
    return std::vector(set.labels.begin(), set.labels.begin() + 8);
  };
  EXPECT_THAT(first(digits.train), ElementsAre(5, 0, 4, 1, 9, 2, 1, 3));
  EXPECT_THAT(first(digits.test), ElementsAre(7, 2, 1, 0, 4, 1, 4, 9));
}

TEST(RealMnist, HasTheHashesThatDownloadsAreHeldTo) {
  const char* folder = std::getenv("XENT_MNIST_DIR");
  if (folder == nullptr || *folder == '\0') GTEST_SKIP() << "XENT_MNIST_DIR is not set";
  int checked = 0;
  for (const RemoteFile& file : mnist_remote().files) {
    const auto path = std::filesystem::path(folder) / file.name;
    if (!std::filesystem::exists(path)) continue;  // there under another spelling
    EXPECT_EQ(io::sha256_hex(io::gunzip(io::read_file(path), file.name, 1 << 26)), file.sha256) << file.name;
    ++checked;
  }
  if (checked == 0) GTEST_SKIP() << "the files are there, but not as .gz";
}

}  // namespace
}  // namespace xent::data
