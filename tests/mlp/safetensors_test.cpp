// The container: what is written reads back; every lie in a header is refused by name.
#include "host/mlp/safetensors.hpp"

#include <cstring>
#include <string>

#include <gtest/gtest.h>
#include <xent/error.hpp>

#include "host/io/error.hpp"
#include "tests/io/error_matchers.hpp"

namespace xent::mlp::safetensors {
namespace {

std::vector<std::byte> file_with(const std::string& header, std::size_t data_bytes) {
  std::vector<std::byte> bytes(8 + header.size() + data_bytes);
  const std::uint64_t length = header.size();
  std::memcpy(bytes.data(), &length, 8);
  std::memcpy(bytes.data() + 8, header.data(), header.size());
  return bytes;
}

TEST(Safetensors, ReadsBackWhatItWrote) {
  const std::vector<std::byte> data(24, std::byte{7});
  const std::span all(data);
  File file;
  file.metadata = {{"a", "1"}, {"text", "with \"quotes\", ünicode and \n"}};
  file.tensors["matrix"] = {.dtype = "F32", .shape = {2, 2}, .bytes = all.first(16)};
  file.tensors["scalar"] = {.dtype = "F64", .shape = {}, .bytes = all.first(8)};
  file.tensors["empty"] = {.dtype = "I8", .shape = {3, 0}, .bytes = all.first(0)};
  const std::vector<std::byte> bytes = serialise(file);
  const File read = parse(bytes, "memory");
  EXPECT_EQ(read.metadata, file.metadata);
  ASSERT_EQ(read.tensors.size(), 3U);
  for (const auto& [name, tensor] : file.tensors) {
    const Tensor& found = read.tensors.at(name);
    EXPECT_EQ(found.dtype, tensor.dtype);
    EXPECT_EQ(found.shape, tensor.shape);
    EXPECT_TRUE(std::equal(found.bytes.begin(), found.bytes.end(), tensor.bytes.begin(), tensor.bytes.end()));
  }
  std::uint64_t header = 0;
  std::memcpy(&header, bytes.data(), 8);
  EXPECT_EQ(header % 8, 0U) << "tensors start aligned";
}

TEST(Safetensors, RefusesToWriteATensorOfOtherSize) {
  const std::vector<std::byte> data(7);
  File file;
  file.tensors["w"] = {.dtype = "F32", .shape = {2}, .bytes = data};
  EXPECT_ERROR(InvalidArgument, "w has 7 bytes", serialise(file));
}

TEST(Safetensors, RefusesEveryTruncation) {
  const std::vector<std::byte> data(16);
  File file;
  file.tensors["w"] = {.dtype = "F32", .shape = {4}, .bytes = data};
  const std::vector<std::byte> bytes = serialise(file);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_ERROR(io::FormatError, "cut.safetensors", parse(std::span(bytes).first(size), "cut.safetensors"));
  }
  std::vector<std::byte> longer = bytes;
  longer.push_back(std::byte{});
  EXPECT_ERROR(io::FormatError, "1 bytes at the end belong to no tensor", parse(longer, "x"));
}

TEST(Safetensors, RefusesHugeHeaders) {
  std::vector<std::byte> bytes = file_with("{}", 0);
  for (const std::uint64_t length : {3ULL, 1ULL << 20U, ~0ULL, ~0ULL - 7, 1ULL << 63U}) {
    std::memcpy(bytes.data(), &length, 8);
    EXPECT_ERROR(io::FormatError, "header length is " + std::to_string(length), parse(bytes, "x"));
  }
  // As long as it says, yet longer than any real one.
  EXPECT_ERROR(io::FormatError, "must be at most " + std::to_string(kMaxHeaderBytes),
               parse(file_with(std::string("{") + std::string(kMaxHeaderBytes, ' ') + "}", 0), "x"));
}

struct Lie {
  const char* message;
  std::string header;
};

class HostileHeader : public testing::TestWithParam<Lie> {};

TEST_P(HostileHeader, IsRefusedByName) {
  EXPECT_ERROR(io::FormatError, GetParam().message,
               parse(file_with(GetParam().header, 16), "bad.safetensors"));
  EXPECT_ERROR(io::FormatError, "bad.safetensors",
               parse(file_with(GetParam().header, 16), "bad.safetensors"));
}

std::string tensor(const char* dtype, const char* shape, const char* offsets) {
  std::string text = R"({"w":{"dtype":)";
  text.append(dtype).append(R"(,"shape":)").append(shape).append(R"(,"data_offsets":)").append(offsets);
  return text.append("}}");
}

INSTANTIATE_TEST_SUITE_P(
    Lies, HostileHeader,
    testing::Values(
        Lie{"does not start with '{'", ""}, Lie{"does not start with '{'", "[]"},
        Lie{"does not start with '{'", " {}"}, Lie{"not JSON", "{"}, Lie{"not JSON", "{} x"},
        Lie{"not JSON", "{\"a\xff\":1}"}, Lie{"not JSON", std::string("{") + std::string(10000, '[')},
        Lie{"w is not an object", R"({"w":)" + std::string(5000, '[') + std::string(5000, ']') + "}"},
        Lie{"w is not an object", R"({"w":3})"},
        Lie{"w is not an object", R"({"w":{"dtype":"F32","shape":[4]}})"},
        Lie{"w is not an object", R"({"w":{"dtype":"F32","shape":[4],"data_offsets":[0,16],"more":1}})"},
        Lie{"w is not an object", tensor("32", "[4]", "[0,16]")},
        Lie{"__metadata__ is not an object", R"({"__metadata__":[]})"},
        Lie{"__metadata__.a is not a string", R"({"__metadata__":{"a":1}})"},
        Lie{"\"w\" appears twice", R"({"w":{"dtype":"U8","shape":[16],"data_offsets":[0,16]},)"
                                   R"("w":{"dtype":"U8","shape":[16],"data_offsets":[0,16]}})"},
        Lie{"\"dtype\" appears twice",
            R"({"w":{"dtype":"U8","dtype":"F32","shape":[4],"data_offsets":[0,16]}})"},
        Lie{"\"a\" appears twice", R"({"__metadata__":{"a":"1","\u0061":"2"}})"},
        Lie{"is not what dtype F31", tensor("\"F31\"", "[4]", "[0,16]")},
        Lie{"is not what dtype F32 and shape [3]", tensor("\"F32\"", "[3]", "[0,16]")},
        Lie{"is not what dtype F64", tensor("\"F64\"", "[4]", "[0,16]")},
        Lie{"w.shape is not an array", tensor("\"F32\"", "4", "[0,16]")},
        Lie{"w.shape holds -4", tensor("\"F32\"", "[-4]", "[0,16]")},
        Lie{"w.shape holds 4.0", tensor("\"F32\"", "[4.0]", "[0,16]")},
        Lie{"w.shape holds \"4\"", tensor("\"F32\"", "[\"4\"]", "[0,16]")},
        Lie{"w.shape holds 9223372036854775808", tensor("\"F32\"", "[9223372036854775808]", "[0,16]")},
        // 2^62 · 4 bytes is 0 modulo 2^64; 2^32 · 2^32 likewise.
        Lie{"is not what dtype F32", tensor("\"F32\"", "[4611686018427387904]", "[0,0]")},
        Lie{"is not what dtype U8", tensor("\"U8\"", "[4294967296,4294967296]", "[0,0]")},
        Lie{"w.data_offsets is not an array", tensor("\"F32\"", "[4]", "{}")},
        Lie{"w.data_offsets is [0]", tensor("\"F32\"", "[4]", "[0]")},
        Lie{"w.data_offsets is [0,16,16]", tensor("\"F32\"", "[4]", "[0,16,16]")},
        Lie{"w.data_offsets is [16,0]", tensor("\"F32\"", "[4]", "[16,0]")},
        Lie{"must be [begin, end] within [0, 16]", tensor("\"F32\"", "[4]", "[4,20]")},
        Lie{"w.data_offsets holds -16", tensor("\"F32\"", "[4]", "[-16,0]")},
        Lie{"w overlaps another tensor or leaves a gap", tensor("\"F32\"", "[3]", "[4,16]")},
        Lie{"b overlaps another tensor", R"({"a":{"dtype":"U8","shape":[10],"data_offsets":[0,10]},)"
                                         R"("b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}})"},
        Lie{"overlaps another tensor", R"({"a":{"dtype":"U8","shape":[16],"data_offsets":[0,16]},)"
                                       R"("b":{"dtype":"U8","shape":[16],"data_offsets":[0,16]}})"},
        Lie{"b overlaps another tensor or leaves a gap",
            R"({"a":{"dtype":"U8","shape":[4],"data_offsets":[0,4]},)"
            R"("b":{"dtype":"U8","shape":[8],"data_offsets":[8,16]}})"},
        Lie{"4 bytes at the end", tensor("\"F32\"", "[3]", "[0,12]")}));

}  // namespace
}  // namespace xent::mlp::safetensors
