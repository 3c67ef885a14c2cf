// xent-mnist predict on every kind of file, and what it says of bad ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <iterator>
#include <regex>

#include <xent/device.hpp>

#include "host/data/image.hpp"
#include "tests/apps/tiny_mnist.hpp"

namespace xent::test {
namespace {

using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

class PredictCli : public ::testing::Test {
 protected:
  PredictCli() {
    const Outcome outcome = tiny.run(
        {"--data", "digits", "--layers", "784,16,10", "--epochs", "8", "--checkpoint", "net", "--quiet"});
    if (outcome.exit_code != 0) throw std::runtime_error(outcome.err);
  }
  Outcome predict(std::vector<std::string> arguments) const {
    arguments.insert(arguments.begin(), {"predict", "net"});
    return tiny.run(arguments);
  }
  const data::Dataset& test_set() const { return tiny.digits().test; }

  TinyMnist tiny{600, 60};
};

std::size_t count(const std::string& text, std::string_view piece) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(piece, at)) != std::string::npos; at += piece.size()) ++found;
  return found;
}

TEST_F(PredictCli, RangeOfAnIdxFileWithItsLabels) {
  const Outcome outcome = predict({"digits/t10k-images-idx3-ubyte", "--index", "50", "--count", "20",
                                   "--labels", "digits/t10k-labels-idx1-ubyte"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  // The file ends after ten of the twenty.
  EXPECT_EQ(count(outcome.out, "digits/t10k-images-idx3-ubyte #"), 10U);
  EXPECT_THAT(outcome.out, HasSubstr("#50: "));
  EXPECT_THAT(outcome.out, HasSubstr("#59: "));
  const std::size_t right = count(outcome.out, "%, right\n");
  EXPECT_EQ(right + count(outcome.out, "%, wrong: it is labelled "), 10U);
  EXPECT_GE(right, 3U) << "it has learnt something: chance would give one";
  EXPECT_THAT(outcome.out, HasSubstr(std::to_string(right) + " of 10 right\n"));
}

TEST_F(PredictCli, DrawsTheDigitAndTenBarsInAscii) {
  const Outcome outcome = predict({"digits/t10k-images-idx3-ubyte"});
  ASSERT_EQ(outcome.exit_code, 0) << outcome.err;
  EXPECT_THAT(outcome.out, ContainsRegex("@"));
  EXPECT_EQ(count(outcome.out, " % <\n"), 1U);
  const std::regex per_cent("[0-9] %");
  EXPECT_EQ(std::distance(std::sregex_iterator(outcome.out.begin(), outcome.out.end(), per_cent), {}), 11)
      << "ten bars and the headline";
  for (const char c : outcome.out) EXPECT_TRUE(c == '\n' || (c >= ' ' && c <= '~')) << static_cast<int>(c);
}

TEST_F(PredictCli, HalfBlocksOnAUnicodeTerminal) {
  Launch launch = tiny.launch({"predict", "net", "digits/t10k-images-idx3-ubyte"});
  launch.environment = {{"LC_ALL", "C.UTF-8"}};
  const Outcome outcome = run_on_terminal(XENT_MNIST_PROGRAM, launch);
  ASSERT_EQ(outcome.exit_code, 0) << outcome.out;
  EXPECT_EQ(count(outcome.out, "▀"), 28U * 14U);
  EXPECT_THAT(outcome.out, HasSubstr("◀"));
  launch.environment.push_back({"NO_COLOR", "1"});
  const Outcome plain = run_on_terminal(XENT_MNIST_PROGRAM, launch);
  EXPECT_THAT(plain.out, HasSubstr("█"));
  EXPECT_THAT(plain.out, Not(HasSubstr("\x1b")));
}

TEST_F(PredictCli, PngAndPgmOfATestDigitReadAsTheDigitItself) {
  const auto pixels = test_set().image(3);
  const Bytes png = data::encode_png(pixels, 28, 28);
  std::string pgm = "P5\n28 28\n255\n";
  pgm.append(pixels.begin(), pixels.end());
  io::write_file_atomically(tiny / "a digit.png", png);
  io::write_file_atomically(tiny / "digit.pgm", pgm);
  const Outcome idx = predict({"digits/t10k-images-idx3-ubyte", "--index", "3"});
  const Outcome pictures = predict({"a digit.png", "digit.pgm"});
  ASSERT_EQ(pictures.exit_code, 0) << pictures.err;
  const std::string drawing = idx.out.substr(idx.out.find(" #3: ") + 3);
  EXPECT_EQ(pictures.out, "a digit.png" + drawing + "digit.pgm" + drawing);
}

TEST_F(PredictCli, GzippedIdx) {
  io::write_file_atomically(tiny / "images.gz",
                            gzip(bytes_of(read_text(tiny / "digits/t10k-images-idx3-ubyte"))));
  EXPECT_EQ(predict({"images.gz"}).out.substr(9), predict({"digits/t10k-images-idx3-ubyte"}).out.substr(29));
}

TEST_F(PredictCli, ErrorsNameFileAndLeaveNoHalfAnAnswer) {
  io::write_file_atomically(tiny / "text.png", std::string_view("this is not a picture"));
  io::write_file_atomically(tiny / "digit.png", data::encode_png(test_set().image(3), 28, 28));
  const std::string idx = "digits/t10k-images-idx3-ubyte";
  const auto fails = [&](std::vector<std::string> arguments, int code, const std::string& says) {
    const Outcome outcome = predict(std::move(arguments));
    EXPECT_EQ(outcome.exit_code, code) << outcome.err;
    EXPECT_THAT(outcome.err, HasSubstr(says));
    EXPECT_EQ(count(outcome.err, "\n"), 1U) << outcome.err;
    EXPECT_THAT(outcome.out, IsEmpty());
  };
  fails({idx, "missing.png"}, 1, "missing.png");
  fails({idx, "text.png"}, 1, "text.png");
  fails({"net"}, 1, "net");
  fails({idx, "--index", "60"}, 2,
        "--index: 60 is not in 'digits/t10k-images-idx3-ubyte'; it has images 0 to 59");
  fails({idx, "--labels", "digits/train-labels-idx1-ubyte"}, 1, "600 labels");
  fails({idx, idx, "--labels", "digits/t10k-labels-idx1-ubyte"}, 2, "--labels");
  fails({idx, "--labels", "absent"}, 1, "--labels: cannot read 'absent'");
  fails({"digit.png", "--index", "1"}, 2, "--index: 'digit.png' is not an IDX file");
  fails({idx, "digit.png", "--count", "1"}, 2, "--count: 'digit.png' is not an IDX file");
  fails({"digit.png", "--labels", "digits/t10k-labels-idx1-ubyte"}, 2,
        "--labels: 'digit.png' is not an IDX file");
  fails({"/dev/zero"}, 1, "'/dev/zero' is larger than");
  if (const std::string why = unavailable(Device::cuda); !why.empty())
    fails({idx, "--device", "cuda"}, 1, why);
}

TEST_F(PredictCli, NetworkForOtherSizesIsRefused) {
  data::Dataset small{.count = 20, .height = 8, .width = 8};
  small.pixels.assign(20 * 64, 7);
  for (int i = 0; i < 20; ++i) small.labels.push_back(static_cast<std::uint8_t>(i % 10));
  std::filesystem::create_directory(tiny / "small");
  write_idx(tiny / "small", "train", small);
  write_idx(tiny / "small", "t10k", small);
  ASSERT_EQ(
      tiny.run({"--data", "small", "--layers", "64,8,10", "--epochs", "1", "--checkpoint", "s"}).exit_code,
      0);
  const Outcome outcome = tiny.run({"predict", "s", "digits/t10k-images-idx3-ubyte"});
  EXPECT_EQ(outcome.exit_code, 1);
  EXPECT_THAT(outcome.err, HasSubstr("28 x 28 pixels, the network takes 64"));
}

}  // namespace
}  // namespace xent::test
