// Numbers, durations and shell words.
#include <gtest/gtest.h>

#include <cmath>

#include "host/apps/common/machine.hpp"
#include "host/apps/common/text.hpp"

namespace xent::apps {
namespace {

TEST(Text, Numbers) {
  EXPECT_EQ(fixed(3.14159, 2), "3.14");
  EXPECT_EQ(fixed(-0.5, 0), "-0");
  for (const double nan : {std::copysign(NAN, 1.0), std::copysign(NAN, -1.0)}) {
    EXPECT_EQ(fixed(nan, 2), "nan");
    EXPECT_EQ(shortest(nan), "nan");
    EXPECT_EQ(compact(nan), "nan");
    EXPECT_EQ(percent(nan), "nan %");
  }
  EXPECT_EQ(shortest(-INFINITY), "-inf");
  EXPECT_EQ(shortest(0.01), "0.01");
  EXPECT_EQ(shortest(0.0001), "0.0001");
  EXPECT_EQ(shortest(0.0), "0");
  EXPECT_EQ(shortest(100000.0), "100000");
  EXPECT_EQ(shortest(1e-12), "1e-12");
  EXPECT_EQ(compact(0.04217), "0.0422");
  EXPECT_EQ(compact(99999.0), "99999.0000");
  EXPECT_EQ(compact(21781393148083.0), "2.18e+13");
  EXPECT_EQ(compact(INFINITY), "inf");
  EXPECT_EQ(percent(0.98314), "98.31 %");
  EXPECT_EQ(percent(1.0, 1), "100.0 %");
}

TEST(Text, Magnitudes) {
  EXPECT_EQ(magnitude(0.0), "0");
  EXPECT_EQ(magnitude(0.0001234), "1.2e-04");
  EXPECT_EQ(magnitude(12345.0), "1.2e+04");
  EXPECT_EQ(magnitude(HUGE_VAL), "inf");
}

TEST(Text, GroupedDigits) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(grouped(-1000), "-1,000");
  EXPECT_EQ(grouped(-100), "-100");
}

TEST(Text, RoundedCounts) {
  EXPECT_EQ(rounded_count(0), "0");
  EXPECT_EQ(rounded_count(999.4), "999");
  EXPECT_EQ(rounded_count(999.6), "1.00 k");
  EXPECT_EQ(rounded_count(41234), "41.2 k");
  EXPECT_EQ(rounded_count(412345), "412 k");
  EXPECT_EQ(rounded_count(999499), "999 k");
  EXPECT_EQ(rounded_count(999501), "1.00 M");
  EXPECT_EQ(rounded_count(2.5e7), "25.0 M");
  EXPECT_EQ(rounded_count(INFINITY), "?");
}

TEST(Text, Durations) {
  EXPECT_EQ(clock(0), "0:00");
  EXPECT_EQ(clock(75.2), "1:15");
  EXPECT_EQ(clock(3675), "1:01:15");
  EXPECT_EQ(clock(-1), "?");
  EXPECT_EQ(clock(NAN), "?");
  EXPECT_EQ(elapsed(0.0421), "42 ms");
  EXPECT_EQ(elapsed(0.9999), "1.0 s");
  EXPECT_EQ(elapsed(59.96), "1:00 min");
  EXPECT_EQ(elapsed(3600), "1:00:00 h");
}

TEST(Text, JoinedNumbers) {
  EXPECT_EQ(joined({784, 512, 10}, "-"), "784-512-10");
  EXPECT_EQ(joined({}, ","), "");
}

TEST(Text, PrintableIsWhatCannotSteerATerminal) {
  EXPECT_EQ(printable("plain, \"quoted\" and ünïcødé ▀ 🙂"),
            "plain, \"quoted\" and ünïcødé ▀ 🙂");
  EXPECT_EQ(printable("\x1b[2J\a\r\n\t\x7f"), "\\x1b[2J\\x07\\x0d\\x0a\\x09\\x7f");
  EXPECT_EQ(printable("\xc2\x9b"
                      "2J"),
            "\\xc2\\x9b"
            "2J")
      << "the same escape as one character of Latin-1";
  EXPECT_EQ(printable("\xff\xc3"), "\\xff\\xc3") << "not UTF-8";
  EXPECT_EQ(printable(std::string_view("\0", 1)), "\\x00");
}

TEST(Text, PaddingCountsCharactersNotBytes) {
  EXPECT_EQ(right("7", 3), "  7");
  EXPECT_EQ(left("━", 3), "━  ");
  EXPECT_EQ(right("long", 2), "long");
}

TEST(Text, ShellWords) {
  EXPECT_EQ(shell_word("a/b-c_d.1"), "a/b-c_d.1");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's"), "'it'\\''s'");
  EXPECT_EQ(shell_word("$HOME;`ls`"), "'$HOME;`ls`'");
  EXPECT_EQ(shell_word("a\x1b[2J'\n1"), "$'a\\033\\1332J\\047\\0121'");
}

TEST(Machine, SaysSomethingOfEverything) {
  EXPECT_FALSE(build().version.empty());
  EXPECT_FALSE(build().compiler.empty());
  EXPECT_FALSE(processor().empty());
  EXPECT_FALSE(simd_targets().empty());
  EXPECT_FALSE(simd_in_use().empty());
}

}  // namespace
}  // namespace xent::apps
