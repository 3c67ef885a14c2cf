// Pictures: every kind of PNG and PGM, and every kind of nonsense.
#include "host/data/image.hpp"

#include <string>

#include <xent/error.hpp>

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "tests/data/png_bytes.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::data {
namespace {

using io::FormatError;
using test::Bytes;
using test::bytes_of;
using test::png_chunk;
using test::png_file;
using test::operator+;
using ::testing::ElementsAre;

Bytes raw(std::initializer_list<int> values) {
  Bytes bytes;
  for (const int value : values) bytes.push_back(static_cast<std::byte>(value));
  return bytes;
}

std::vector<std::uint8_t> pixels_of(const Bytes& file) { return decode_image(file, "picture").pixels; }

TEST(Png, WritesWhatItReads) {
  std::vector<std::uint8_t> pixels(31 * 17);
  for (std::size_t i = 0; i < pixels.size(); ++i) pixels[i] = static_cast<std::uint8_t>(i * 37);
  const GreyImage image = decode_image(encode_png(pixels, 31, 17), "picture");
  EXPECT_EQ(image.height, 31);
  EXPECT_EQ(image.width, 17);
  EXPECT_EQ(image.pixels, pixels);
  EXPECT_EQ(image.at(2, 3), pixels[2 * 17 + 3]);
}

TEST(Png, ReadsEveryDepthOfGrey) {
  EXPECT_THAT(pixels_of(png_file({8, 1, 1, 0}, raw({0, 0b10110001}))),
              ElementsAre(255, 0, 255, 255, 0, 0, 0, 255));
  EXPECT_THAT(pixels_of(png_file({4, 1, 2, 0}, raw({0, 0b00011011}))), ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(pixels_of(png_file({2, 1, 4, 0}, raw({0, 0x0f}))), ElementsAre(0, 255));
  EXPECT_THAT(pixels_of(png_file({2, 2, 8, 0}, raw({0, 1, 2, 0, 3, 4}))), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(pixels_of(png_file({2, 1, 16, 0}, raw({0, 0x80, 0x80, 0xff, 0xff}))), ElementsAre(128, 255));
}

TEST(Png, ReadsColourAsItsLightness) {
  EXPECT_THAT(pixels_of(png_file({3, 1, 8, 2}, raw({0, 0, 0, 0, 99, 99, 99, 255, 255, 255}))),
              ElementsAre(0, 99, 255));
  const auto primaries = pixels_of(png_file({3, 1, 8, 2}, raw({0, 255, 0, 0, 0, 255, 0, 0, 0, 255})));
  EXPECT_GT(primaries[1], primaries[0]);  // green is lightest to the eye, blue darkest
  EXPECT_GT(primaries[0], primaries[2]);
  const Bytes palette = png_chunk("PLTE", raw({10, 10, 10, 200, 200, 200}));
  EXPECT_THAT(pixels_of(png_file({2, 1, 8, 3}, raw({0, 1, 0}), palette)), ElementsAre(200, 10));
}

TEST(Png, LaysTransparencyOnWhite) {
  EXPECT_THAT(pixels_of(png_file({2, 1, 8, 4}, raw({0, 0, 0, 7, 255}))), ElementsAre(255, 7));
  EXPECT_THAT(pixels_of(png_file({2, 1, 8, 6}, raw({0, 0, 0, 0, 0, 0, 0, 0, 255}))), ElementsAre(255, 0));
}

TEST(Png, FindsEveryCut) {
  // The last twelve bytes are the IEND chunk, of which libpng needs to see that pixels have ended.
  const Bytes file = encode_png(std::vector<std::uint8_t>(100, 7), 10, 10);
  for (std::size_t size = 0; size + 12 < file.size(); ++size) {
    EXPECT_THROW(decode_image(std::span(file).first(size), "picture"), FormatError) << size;
  }
}

TEST(Png, FindsADamagedChecksum) {
  Bytes file = encode_png(std::vector<std::uint8_t>(100, 7), 10, 10);
  file[20] ^= std::byte{1};  // within the header chunk
  EXPECT_ERROR(FormatError, "picture: damaged PNG", decode_image(file, "picture"));
}

TEST(Png, RefusesAHugeHeaderBeforeItAllocates) {
  EXPECT_ERROR(FormatError, "picture: 1000000x1000000 pixels; a picture must have from 1 to 16777216",
               pixels_of(png_file({1000000, 1000000, 8, 0}, raw({0, 0}))));
  EXPECT_ERROR(FormatError, "picture: ", pixels_of(png_file({0x7fffffff, 0x7fffffff, 16, 6}, raw({0}))));
  EXPECT_ERROR(FormatError, "picture: ", pixels_of(png_file({0, 5, 8, 0}, raw({0}))));
  EXPECT_ERROR(FormatError, "picture: damaged PNG", pixels_of(png_file({1000, 1000, 8, 0}, raw({0, 1, 2}))));
}

TEST(Png, RefusesToWriteWhatDoesNotFit) {
  const std::vector<std::uint8_t> pixels(6);
  EXPECT_NO_THROW(encode_png(pixels, 2, 3));
  EXPECT_ERROR(InvalidArgument, "6 pixels given for a picture of 2x4", encode_png(pixels, 2, 4));
  EXPECT_ERROR(InvalidArgument, "picture of 0x6", encode_png(pixels, 0, 6));
  EXPECT_ERROR(InvalidArgument, "picture of -2x-3", encode_png(pixels, -2, -3));
}

TEST(Pgm, ReadsBytesPairsAndDecimals) {
  EXPECT_THAT(pixels_of(bytes_of("P5 3 1 255\n") + raw({0, 10, 255})), ElementsAre(0, 10, 255));
  EXPECT_THAT(pixels_of(bytes_of("P5\n2 2\n3\n") + raw({0, 1, 2, 3})), ElementsAre(0, 85, 170, 255));
  EXPECT_THAT(pixels_of(bytes_of("P5 2 1 65535\n") + raw({0xff, 0xff, 0x80, 0x80})), ElementsAre(255, 128));
  EXPECT_THAT(pixels_of(bytes_of("P2 3 1 100 0 50 100")), ElementsAre(0, 128, 255));
  EXPECT_THAT(pixels_of(bytes_of("P2 # by hand\n1 #w\n1\n9 # white\n9\n")), ElementsAre(255));
  // The byte after the header is a blank; the one after that is a pixel, whatever it looks like.
  EXPECT_THAT(pixels_of(bytes_of("P5 2 1 255\n  ")), ElementsAre(32, 32));
}

TEST(Pgm, RefusesEveryKindOfDamage) {
  const auto refuse = [](std::string_view file, const std::string& part) {
    EXPECT_ERROR(FormatError, "picture: " + part, pixels_of(bytes_of(file)));
  };
  refuse("P5", "damaged PGM (truncated)");
  refuse("P5 # only a comment", "damaged PGM (truncated)");
  refuse("P5 2 2 255", "damaged PGM (no blank after the header)");
  refuse("P5 2 2 255\nabc", "damaged PGM (truncated: 3 of 4 bytes of pixels)");
  refuse("P5 2 1 256\nabc", "damaged PGM (truncated: 3 of 4 bytes of pixels)");
  refuse("P5 2 -2 255\nabcd", "damaged PGM (height is not a number)");
  refuse("P5 2 2 0\nabcd", "damaged PGM (its maximum is 0");
  refuse("P5 2 2 65536\nabcd", "damaged PGM (maximum is above 65535)");
  refuse("P5 0 2 255\n", "0x2 pixels");
  refuse("P5 99999999999999999999 1 255\n", "damaged PGM (width is above 1000000000)");
  refuse("P5 1000000000 1000000000 255\n", "1000000000x1000000000 pixels");
  refuse("P2 4096 4096 255\n1 2 3", "damaged PGM (truncated)");
  refuse("P2 2 1 9 10 1", "damaged PGM (pixel value 10 above the maximum 9)");
  refuse("P5 1 1 9\nz", "damaged PGM (pixel value 122 above the maximum 9)");
  refuse("P2 2 1 9 1 x", "damaged PGM (a pixel is not a number)");
}

TEST(DecodeImage, NamesWhatIsNoPicture) {
  EXPECT_ERROR(FormatError, "picture: the file is empty", pixels_of({}));
  EXPECT_ERROR(FormatError, "picture: this looks like a web page", pixels_of(bytes_of("<!doctype html>")));
  EXPECT_ERROR(FormatError, "picture: neither a PNG nor a PGM",
               pixels_of(bytes_of("\xff\xd8\xff\xe0 a JPEG")));
  EXPECT_ERROR(FormatError, "picture: neither a PNG nor a PGM", pixels_of(bytes_of("P")));
}

TEST(ReadImage, ReadsAFileAndNamesIt) {
  const test::TemporaryFolder folder;
  io::write_file_atomically(folder / "two.pgm", "P2 1 1 9 9");
  EXPECT_THAT(read_image(folder / "two.pgm").pixels, ElementsAre(255));
  io::write_file_atomically(folder / "bad.png", "nothing");
  EXPECT_ERROR(FormatError, "bad.png: neither", read_image(folder / "bad.png"));
  EXPECT_ERROR(io::IoError, "absent.png': No such file", read_image(folder / "absent.png"));
}

}  // namespace
}  // namespace xent::data
