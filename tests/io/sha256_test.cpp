// SHA-256 against the published examples of FIPS 180.
#include "host/io/sha256.hpp"

#include <gtest/gtest.h>

#include "tests/io/bytes.hpp"

namespace xent::io {
namespace {

using test::bytes_of;

TEST(Sha256, KnowsThePublishedExamples) {
  EXPECT_EQ(sha256_hex({}), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256_hex(bytes_of("abc")), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256_hex(test::Bytes(1000000, std::byte{'a'})),
            "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, DoesNotCareHowThePiecesAreCut) {
  const auto whole = bytes_of("the quick brown fox jumps over the lazy dog, and over the lazy dog again");
  for (std::size_t cut = 0; cut <= whole.size(); ++cut) {
    Sha256 hash;
    hash.update(std::span(whole).first(cut)).update(std::span(whole).subspan(cut));
    EXPECT_EQ(hash.hex(), sha256_hex(whole));
    EXPECT_EQ(hash.hex(), sha256_hex({})) << "hex() starts anew";
  }
}

}  // namespace
}  // namespace xent::io
