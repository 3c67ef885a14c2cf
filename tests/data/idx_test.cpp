// IDX parsing: sound files, and every way in which one is not.
#include "host/data/idx.hpp"

#include <string>
#include <utility>

#include "host/io/error.hpp"
#include "host/io/file.hpp"
#include "tests/data/idx_bytes.hpp"
#include "tests/io/error_matchers.hpp"
#include "tests/io/temporary_folder.hpp"

namespace xent::data {
namespace {

using io::FormatError;
using test::big_endian;
using test::Bytes;
using test::bytes_of;
using test::gzip;
using test::idx_images;
using test::idx_labels;
using test::operator+;
using ::testing::ElementsAre;

TEST(IdxImages, ReadsPlainAndGzip) {
  for (const Bytes& bytes : {idx_images(3, 2, 5), gzip(idx_images(3, 2, 5))}) {
    const IdxImages images = parse_idx_images(bytes, "images");
    EXPECT_EQ(images.count, 3);
    EXPECT_EQ(images.height, 2);
    EXPECT_EQ(images.width, 5);
    ASSERT_EQ(images.pixels.size(), 30u);
    for (std::size_t i = 0; i < 30; ++i) EXPECT_EQ(images.pixels[i], i);
  }
}

TEST(IdxLabels, ReadsPlainAndGzip) {
  for (const Bytes& bytes : {idx_labels(12), gzip(idx_labels(12))}) {
    EXPECT_THAT(parse_idx_labels(bytes, "labels"), ElementsAre(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1));
  }
}

TEST(Idx, FindsEveryTruncation) {
  const Bytes images = idx_images(2, 3, 3);
  for (std::size_t size = 1; size < images.size(); ++size) {
    EXPECT_ERROR(FormatError, "images: truncated", parse_idx_images(std::span(images).first(size), "images"));
  }
  const Bytes labels = idx_labels(5);
  for (std::size_t size = 1; size < labels.size(); ++size) {
    EXPECT_ERROR(FormatError, "labels: truncated", parse_idx_labels(std::span(labels).first(size), "labels"));
  }
}

TEST(Idx, SaysWhatTheHeaderAnnouncesAndWhatIsThere) {
  Bytes images = idx_images(2, 3, 3);
  images.pop_back();
  EXPECT_ERROR(FormatError,
               "images: truncated: the header announces 2 images of 3x3, 18 bytes, but 17 follow it",
               parse_idx_images(images, "images"));
  EXPECT_ERROR(FormatError, "labels: too long: the header announces 3 labels, 3 bytes, but 5 follow it",
               parse_idx_labels(idx_labels(3) + bytes_of("xx"), "labels"));
}

TEST(Idx, RefusesAnEmptyFile) {
  EXPECT_ERROR(FormatError, "images: the file is empty", parse_idx_images({}, "images"));
  EXPECT_ERROR(FormatError, "labels: the file is empty", parse_idx_labels(gzip({}), "labels"));
}

TEST(Idx, RefusesAWrongMagicNumber) {
  EXPECT_ERROR(FormatError, "wrong magic number 0x00000d03, expected 0x00000803 (IDX images)",
               parse_idx_images(big_endian({0xd03, 1, 1, 1, 0}), "images"));
  EXPECT_ERROR(
      FormatError,
      "wrong magic number 0x00000801 (IDX labels), expected 0x00000803 (IDX images); are images and labels "
      "swapped?",
      parse_idx_images(idx_labels(20), "images"));
  EXPECT_ERROR(FormatError, "are images and labels swapped?", parse_idx_labels(idx_images(1), "labels"));
  EXPECT_ERROR(FormatError, "wrong magic number",
               parse_idx_labels(bytes_of("PK\x03\x04 a zip file"), "labels"));
}

TEST(Idx, RefusesZeroCountsAndHostileSizes) {
  EXPECT_ERROR(FormatError, "announces no images",
               parse_idx_images(big_endian({0x803, 0, 28, 28}), "images"));
  EXPECT_ERROR(FormatError, "announces no labels", parse_idx_labels(big_endian({0x801, 0}), "labels"));
  const std::uint32_t huge = 0xffffffff;
  for (const auto& sides : {std::pair{0u, 28u}, {28u, 0u}, {huge, huge}, {4097u, 1u}, {1u, 4097u}}) {
    EXPECT_ERROR(FormatError, "a side must be from 1 to 4096",
                 parse_idx_images(big_endian({0x803, 1, sides.first, sides.second, 0}), "images"));
  }
  // 2^32 - 1 images of 4096x4096 would be 2^56 bytes: refused by what follows, not by running out of memory.
  EXPECT_ERROR(FormatError, "72057594021150720 bytes, but 4 follow",
               parse_idx_images(big_endian({0x803, huge, 4096, 4096, 0}), "images"));
  // A product that is 0 modulo 2^32 must not pass for an empty payload.
  EXPECT_ERROR(FormatError, "truncated", parse_idx_images(big_endian({0x803, 1u << 24, 16, 16}), "images"));
  EXPECT_ERROR(FormatError, "4294967295 labels", parse_idx_labels(big_endian({0x801, huge, 0}), "labels"));
}

TEST(Idx, NamesALabelThatIsNoClass) {
  Bytes labels = idx_labels(8);
  labels[8 + 6] = std::byte{10};
  EXPECT_ERROR(FormatError, "labels: label 10 at index 6, expected 0 to 9",
               parse_idx_labels(labels, "labels"));
  EXPECT_EQ(parse_idx_labels(labels, "labels", 11).at(6), 10);
}

TEST(Idx, RecognisesAWebPage) {
  for (const char* page : {"<!DOCTYPE html><html>", "  \n<html lang=en>", "<?xml version=\"1.0\"?><Error>",
                           "\xef\xbb\xbf<!doctype html>", "<HTML>"}) {
    EXPECT_ERROR(FormatError, "this looks like a web page", parse_idx_images(bytes_of(page), "images"));
    EXPECT_ERROR(FormatError, "this looks like a web page", parse_idx_labels(gzip(bytes_of(page)), "labels"));
  }
  EXPECT_FALSE(looks_like_web_page({}));
  EXPECT_FALSE(looks_like_web_page(bytes_of("   ")));
  EXPECT_FALSE(looks_like_web_page(idx_images(1)));
}

TEST(Idx, FindsACutGzipAndABomb) {
  const Bytes packed = gzip(idx_images(10));
  EXPECT_ERROR(FormatError, "images: gzip data cut off",
               parse_idx_images(std::span(packed).first(packed.size() / 2), "images"));
  EXPECT_ERROR(FormatError, "unpacks to more than the 1000 bytes", parse_idx_images(packed, "images", 1000));
}

TEST(ReadIdxPair, JoinsImagesAndLabels) {
  const test::TemporaryFolder folder;
  io::write_file_atomically(folder / "images", idx_images(7));
  io::write_file_atomically(folder / "labels", gzip(idx_labels(7)));
  const Dataset dataset = read_idx_pair(folder / "images", folder / "labels");
  EXPECT_EQ(dataset.count, 7);
  EXPECT_EQ(dataset.features(), 784);
  EXPECT_EQ(dataset.classes, 10);
  EXPECT_EQ(dataset.labels.size(), 7u);
  EXPECT_EQ(dataset.image(1)[0], 784 % 256);
}

TEST(ReadIdxPair, RefusesCountsThatDiffer) {
  const test::TemporaryFolder folder;
  io::write_file_atomically(folder / "images", idx_images(7));
  io::write_file_atomically(folder / "labels", idx_labels(6));
  EXPECT_ERROR(FormatError, "holds 7 images but", read_idx_pair(folder / "images", folder / "labels"));
  EXPECT_ERROR(FormatError, "6 labels", read_idx_pair(folder / "images", folder / "labels"));
  EXPECT_ERROR(io::IoError, "absent': No such file", read_idx_pair(folder / "absent", folder / "labels"));
}

}  // namespace
}  // namespace xent::data
