// gunzip: whole streams, and every way in which they are not.
#include "host/io/gzip.hpp"

#include <string>

#include "host/io/error.hpp"
#include "tests/io/bytes.hpp"
#include "tests/io/error_matchers.hpp"

namespace xent::io {
namespace {

using test::Bytes;
using test::bytes_of;
using test::gzip;
using test::operator+;

constexpr std::uint64_t kMuch = 1 << 30;

Bytes sample(std::size_t size) {
  Bytes bytes(size);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<std::byte>(i * i >> 7);
  return bytes;
}

TEST(Gunzip, GivesBackTheContentAtEverySizeAroundTheBuffer) {
  for (const std::size_t size : {0u, 1u, 65535u, 65536u, 65537u, 131072u, 1000000u}) {
    EXPECT_EQ(gunzip(gzip(sample(size)), "file", kMuch), sample(size)) << size;
  }
}

TEST(Gunzip, JoinsConcatenatedMembers) {
  const Bytes joined = gzip(bytes_of("one ")) + gzip({}) + gzip(bytes_of("two"));
  EXPECT_EQ(gunzip(joined, "file", kMuch), bytes_of("one two"));
}

TEST(Gunzip, FindsEveryCut) {
  const Bytes packed = gzip(sample(3000));
  ASSERT_GT(packed.size(), 20u);
  for (std::size_t size = 2; size < packed.size(); ++size) {
    EXPECT_ERROR(FormatError, "file: gzip data cut off after " + std::to_string(size) + " bytes",
                 gunzip(std::span(packed).first(size), "file", kMuch));
  }
}

TEST(Gunzip, FindsACutInTheSecondMember) {
  const Bytes packed = gzip(sample(100)) + gzip(sample(100));
  EXPECT_ERROR(FormatError, "cut off", gunzip(std::span(packed).first(packed.size() - 1), "file", kMuch));
}

TEST(Gunzip, NeverReturnsOtherContentForADamagedStream) {
  const Bytes content = sample(2000);
  const Bytes packed = gzip(content);
  int refused = 0;
  for (std::size_t i = 0; i < packed.size(); ++i) {
    for (const std::byte flip : {std::byte{0x01}, std::byte{0x80}}) {
      Bytes damaged = packed;
      damaged[i] ^= flip;
      try {
        EXPECT_EQ(gunzip(damaged, "file", kMuch), content) << "byte " << i;  // e.g. the time stamp
      } catch (const FormatError&) {
        ++refused;
      }
    }
  }
  EXPECT_GT(refused, static_cast<int>(packed.size()));
}

TEST(Gunzip, RefusesWhatFollowsTheStream) {
  EXPECT_ERROR(FormatError, "file: 3 bytes of something else follow",
               gunzip(gzip(sample(10)) + bytes_of("end"), "file", kMuch));
}

TEST(Gunzip, TakesTheLimitAndNoMore) {
  const Bytes packed = gzip(sample(70000));
  EXPECT_EQ(gunzip(packed, "file", 70000).size(), 70000u);
  EXPECT_ERROR(FormatError, "more than the 69999 bytes", gunzip(packed, "file", 69999));
  EXPECT_ERROR(FormatError, "more than the 0 bytes", gunzip(packed, "file", 0));
  EXPECT_TRUE(gunzip(gzip({}), "file", 0).empty());
}

TEST(Gunzip, StopsABombAtTheLimit) {
  const Bytes bomb = gzip(Bytes(std::size_t{64} << 20));
  EXPECT_LT(bomb.size(), std::size_t{1} << 20);
  EXPECT_ERROR(FormatError, "more than the 1000 bytes", gunzip(bomb, "bomb", 1000));
}

TEST(Gunzip, RefusesWhatIsNotGzip) {
  EXPECT_FALSE(looks_like_gzip({}));
  EXPECT_FALSE(looks_like_gzip(bytes_of("\x1f")));
  EXPECT_TRUE(looks_like_gzip(gzip({})));
  EXPECT_ERROR(FormatError, "file: not a gzip file", gunzip(bytes_of("plain"), "file", kMuch));
  EXPECT_ERROR(FormatError, "file: not a gzip file", gunzip({}, "file", kMuch));
}

}  // namespace
}  // namespace xent::io
