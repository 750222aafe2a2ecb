#include "graph/tensor.h"

#include <cmath>
#include <cstring>
#include <limits>

#include "graph/minifloat.h"
#include "tests/catch.h"

using namespace pare;

namespace {

std::vector<uint8_t> byte_values(const Tensor& tensor) {
  std::vector<uint8_t> values;
  for (const std::byte byte : tensor.bytes()) values.push_back(std::to_integer<uint8_t>(byte));
  return values;
}

std::shared_ptr<Buffer> buffer_of(const std::vector<uint8_t>& values) {
  auto buffer = Buffer::allocate(values.size());
  if (!values.empty()) std::memcpy(buffer->mutable_data(), values.data(), values.size());
  return buffer;
}

}  // namespace

TEST_CASE("dtype names, numbers and widths follow onnx.TensorProto.DataType") {
  CHECK(name(DType::float32) == "float32");
  CHECK(name(DType::boolean) == "bool");
  CHECK(dtype_from_number(9) == DType::boolean);
  CHECK(dtype_from_number(10) == DType::float16);
  CHECK(dtype_from_number(22) == DType::int4);
  CHECK(dtype_from_number(0) == std::nullopt);
  CHECK(dtype_from_number(29) == std::nullopt);
  CHECK(dtype_from_number(-1) == std::nullopt);
  CHECK(dtype_from_name("undefined") == std::nullopt);
  for (int64_t number = 1; number <= 26; ++number) {
    const auto dtype = dtype_from_number(number);
    REQUIRE(dtype.has_value());
    CHECK(static_cast<int64_t>(*dtype) == number);
    CHECK(dtype_from_name(name(*dtype)) == dtype);
  }
  CHECK(bits(DType::int4) == 4);
  CHECK(bits(DType::complex128) == 128);
  CHECK(bits(DType::string) == 0);
  CHECK(is_float(DType::float4e2m1));
  CHECK_FALSE(is_integer(DType::boolean));
  CHECK(is_signed_integer(DType::int2));
  CHECK_FALSE(is_signed_integer(DType::uint2));
}

TEST_CASE("types print as the text form writes them") {
  CHECK(to_string(Type{DType::float32, Shape{Dim("N"), Dim(3), Dim()}}) == "float32[N,3,?]");
  CHECK(to_string(Type{DType::int64, Shape{}}) == "int64[]");
  CHECK(to_string(Type{DType::float32, std::nullopt}) == "float32[*]");
  CHECK_FALSE(Dim().same(Dim()));
  CHECK(Dim("N").same(Dim("N")));
  CHECK_FALSE(Dim("N").same(Dim(3)));
}

TEST_CASE("element counts and byte sizes refuse what they cannot represent") {
  CHECK(element_count({}) == 1);
  CHECK(element_count({2, 0, 5}) == 0);
  CHECK(element_count({-1, 2}) == std::nullopt);
  CHECK(element_count({int64_t{1} << 40, int64_t{1} << 40}) == std::nullopt);
  CHECK(element_count({int64_t{1} << 40, int64_t{1} << 40, 0}) == 0);
  CHECK(tensor_bytes(DType::int4, {3}) == 2);
  CHECK(tensor_bytes(DType::uint2, {5}) == 2);
  CHECK(tensor_bytes(DType::float32, {2, 3}) == 24);
  CHECK(tensor_bytes(DType::float64, {int64_t{1} << 61}) == std::nullopt);
  CHECK(tensor_bytes(DType::string, {1}) == std::nullopt);
}

// Patterns from IEEE 754-2008 binary16.
TEST_CASE("half precision rounds to nearest even") {
  CHECK(half_to_float(0x3c00) == 1.0f);
  CHECK(half_to_float(0xc000) == -2.0f);
  CHECK(half_to_float(0x7bff) == 65504.0f);
  CHECK(half_to_float(0x0400) == 0x1p-14f);
  CHECK(half_to_float(0x0001) == 0x1p-24f);
  CHECK(half_to_float(0x3555) == 0.333251953125f);
  CHECK(std::isinf(half_to_float(0x7c00)));
  CHECK(std::isnan(half_to_float(0x7e00)));
  CHECK(std::signbit(half_to_float(0x8000)));

  CHECK(float_to_half(1.0f) == 0x3c00);
  CHECK(float_to_half(-0.0f) == 0x8000);
  CHECK(float_to_half(0.33333334f) == 0x3555);
  CHECK(float_to_half(2049.0f) == 0x6800);  // halfway between 2048 and 2050: the even mantissa
  CHECK(float_to_half(2051.0f) == 0x6802);
  CHECK(float_to_half(65519.0f) == 0x7bff);
  CHECK(float_to_half(65520.0f) == 0x7c00);
  CHECK(float_to_half(0x1p-24f) == 0x0001);
  CHECK(float_to_half(0x1p-25f) == 0x0000);  // halfway to the smallest subnormal: even
  CHECK(float_to_half(0x1.8p-25f) == 0x0001);
  CHECK(float_to_half(0x1.ff8p-15f) == 0x03ff);  // the largest subnormal
  CHECK(float_to_half(0x1.ffcp-15f) == 0x0400);  // halfway: up into the normal numbers
  CHECK(std::isnan(half_to_float(float_to_half(std::nanf("")))));
  CHECK(float_to_half(-std::numeric_limits<float>::infinity()) == 0xfc00);
}

TEST_CASE("every half pattern survives a round trip, and the two encoders agree") {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    const auto pattern = static_cast<uint16_t>(bits);
    const float value = half_to_float(pattern);
    const double wide = decode_minifloat(DType::float16, pattern);
    if (std::isnan(value)) {
      REQUIRE(std::isnan(wide));
      continue;
    }
    REQUIRE(wide == static_cast<double>(value));
    REQUIRE(float_to_half(value) == pattern);
    REQUIRE(encode_minifloat(DType::float16, wide) == pattern);
  }
}

TEST_CASE("bfloat16 rounds to nearest even") {
  CHECK(bfloat16_to_float(0x3f80) == 1.0f);
  CHECK(bfloat16_to_float(0x4049) == 3.140625f);
  CHECK(float_to_bfloat16(3.14159274f) == 0x4049);
  CHECK(float_to_bfloat16(0x1.01p0f) == 0x3f80);      // halfway between 0x3f80 and 0x3f81: even
  CHECK(float_to_bfloat16(0x1.03p0f) == 0x3f82);      // halfway between 0x3f81 and 0x3f82: even
  CHECK(float_to_bfloat16(0x1.010002p0f) == 0x3f81);  // just above halfway
  CHECK(float_to_bfloat16(std::numeric_limits<float>::max()) == 0x7f80);
  CHECK(std::isnan(bfloat16_to_float(float_to_bfloat16(std::nanf("")))));
  CHECK(encode_minifloat(DType::bfloat16, 0x1.03p0) == 0x3f82);
}

// Limits from the ONNX page "Float stored in 8 bits" and the OCP microscaling specification.
TEST_CASE("8-bit and 4-bit floats have the limits of their specifications") {
  CHECK(decode_minifloat(DType::float8e4m3fn, 0x7e) == 448);
  CHECK(std::isnan(decode_minifloat(DType::float8e4m3fn, 0x7f)));
  CHECK(decode_minifloat(DType::float8e4m3fn, 0x01) == 0x1p-9);
  CHECK(decode_minifloat(DType::float8e4m3fnuz, 0x7f) == 240);
  CHECK(std::isnan(decode_minifloat(DType::float8e4m3fnuz, 0x80)));
  CHECK(decode_minifloat(DType::float8e5m2, 0x7b) == 57344);
  CHECK(std::isinf(decode_minifloat(DType::float8e5m2, 0x7c)));
  CHECK(decode_minifloat(DType::float8e5m2fnuz, 0x7f) == 57344);
  CHECK(decode_minifloat(DType::float8e5m2fnuz, 0x01) == 0x1p-17);
  CHECK(decode_minifloat(DType::float4e2m1, 0x7) == 6);
  CHECK(decode_minifloat(DType::float4e2m1, 0x9) == -0.5);
  CHECK(decode_minifloat(DType::float8e8m0, 127) == 1);
  CHECK(std::isnan(decode_minifloat(DType::float8e8m0, 255)));

  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(encode_minifloat(DType::float8e4m3fn, infinity) == 0x7e);
  CHECK(encode_minifloat(DType::float8e4m3fn, -1e9) == 0xfe);
  CHECK(encode_minifloat(DType::float8e4m3fnuz, -infinity) == 0xff);
  CHECK(encode_minifloat(DType::float8e4m3fnuz, -0.0) == 0x00);
  CHECK(encode_minifloat(DType::float8e4m3fnuz, std::nan("")) == 0x80);
  CHECK(encode_minifloat(DType::float8e5m2, infinity) == 0x7b);
  CHECK(encode_minifloat(DType::float8e4m3fn, 17.0) == 0x58);  // halfway between 16 and 18
  CHECK(encode_minifloat(DType::float4e2m1, 2.5) == 0x4);      // halfway between 2 and 3
  CHECK(encode_minifloat(DType::float4e2m1, 100) == 0x7);
  CHECK(encode_minifloat(DType::float8e8m0, 3) == 129);  // up to 4
}

// The second table of ONNX Cast (saturate = 0).
TEST_CASE("8-bit floats that do not saturate become infinite or not a number") {
  const double infinity = std::numeric_limits<double>::infinity();
  CHECK(encode_minifloat(DType::float8e4m3fn, 1e9, false) == 0x7f);
  CHECK(encode_minifloat(DType::float8e4m3fn, -infinity, false) == 0xff);
  CHECK(encode_minifloat(DType::float8e4m3fn, 464, false) == 0x7e);  // halfway to what would be 480: even is 448
  CHECK(encode_minifloat(DType::float8e4m3fnuz, 1e9, false) == 0x80);
  CHECK(encode_minifloat(DType::float8e5m2, -1e9, false) == 0xfc);
  CHECK(encode_minifloat(DType::float8e5m2fnuz, infinity, false) == 0x80);
  CHECK(encode_minifloat(DType::float4e2m1, infinity, false) == 0x7);
}

TEST_CASE("float8e8m0 rounds as asked") {
  CHECK(encode_power(3, PowerRounding::up, true) == 129);
  CHECK(encode_power(3, PowerRounding::down, true) == 128);
  CHECK(encode_power(3, PowerRounding::nearest, true) == 129);  // halfway between 2 and 4: up
  CHECK(encode_power(2.9, PowerRounding::nearest, true) == 128);
  CHECK(encode_power(4, PowerRounding::up, true) == 129);
  CHECK(encode_power(0x1.8p127, PowerRounding::up, true) == 0xfe);
  CHECK(encode_power(0x1.8p127, PowerRounding::up, false) == 0xff);
  CHECK(encode_power(0, PowerRounding::down, true) == 0);
  CHECK(encode_power(0, PowerRounding::down, false) == 0xff);
}

TEST_CASE("4-bit and 2-bit integers are packed first element low") {
  Tensor tensor(DType::int4, {3});
  tensor.set_double(0, 1);
  tensor.set_double(1, -2);
  tensor.set_double(2, 100);  // saturates to 7
  CHECK(byte_values(tensor) == std::vector<uint8_t>{0xe1, 0x07});
  CHECK(tensor.ints() == std::vector<int64_t>{1, -2, 7});
  CHECK(byte_values(*cast(Tensor::of<int64_t>({5}, {0, 1, 2, 3, 1}), DType::uint2)) ==
        std::vector<uint8_t>{0xe4, 0x01});
}

// The layout of raw_data in onnx.proto: four elements in three bytes, the first in the low bits.
TEST_CASE("6-bit floats are packed four in three bytes") {
  Tensor tensor(DType::float6e2m3, {5});
  const std::vector<double> values{1, -7.5, 0.125, 100, -0.3};
  for (int64_t i = 0; i < 5; ++i) tensor.set_double(i, values[static_cast<size_t>(i)]);
  // 1 is 0.01.000, -7.5 is 1.11.111, 0.125 is 0.00.001, saturated 7.5 is 0.11.111, -0.25 is 1.00.010.
  CHECK(byte_values(tensor) == std::vector<uint8_t>{0xc8, 0x1f, 0x7c, 0x22});
  CHECK(tensor.as_double(1) == -7.5);
  CHECK(tensor.as_double(3) == 7.5);
  CHECK(tensor.as_double(4) == -0.25);
  CHECK(decode_minifloat(DType::float6e3m2, 0x1f) == 28);
  CHECK(encode_minifloat(DType::float6e3m2, 1e9) == 0x1f);
}

// -9 is ...0111 in two's complement; the same in ONNX's test data of Cast to int4.
TEST_CASE("floats beyond the range of 4-bit integers wrap in cast") {
  CHECK(cast(Tensor::of<float>({3}, {-9, 9.7f, -8}), DType::int4)->ints() == std::vector<int64_t>{7, -7, -8});
  CHECK(cast(Tensor::of<float>({2}, {-9, 17}), DType::uint4)->ints() == std::vector<int64_t>{7, 1});
}

TEST_CASE("set_double rounds to nearest even and saturates") {
  Tensor tensor(DType::int8, {5});
  const std::vector<double> values{0.5, 1.5, -2.5, 200, std::nan("")};
  for (int64_t i = 0; i < 5; ++i) tensor.set_double(i, values[static_cast<size_t>(i)]);
  CHECK(tensor.ints() == std::vector<int64_t>{0, 2, -2, 127, 0});
}

TEST_CASE("cast follows ONNX Cast") {
  SECTION("floats to integers truncate") {
    const auto ints = cast(Tensor::of<float>({4}, {1.9f, -1.9f, 0.5f, -0.5f}), DType::int32);
    REQUIRE(ints.ok());
    CHECK(ints->ints() == std::vector<int64_t>{1, -1, 0, 0});
  }
  SECTION("integers keep their low bits") {
    // The specification's own example: 200 (int16) becomes -56 (int8).
    CHECK(cast(Tensor::of<int16_t>({1}, {200}), DType::int8)->ints() == std::vector<int64_t>{-56});
    CHECK(cast(Tensor::of<int64_t>({2}, {-1, 256}), DType::uint8)->ints() == std::vector<int64_t>{255, 0});
  }
  SECTION("bool is not zero") {
    CHECK(cast(Tensor::of<float>({3}, {0.0f, -0.0f, 0.25f}), DType::boolean)->ints() == std::vector<int64_t>{0, 0, 1});
  }
  SECTION("unsigned 64-bit integers are not read as signed") {
    CHECK(cast(Tensor::of<uint64_t>({1}, {uint64_t{1} << 63}), DType::float64)->as_double(0) == 0x1p63);
    CHECK(cast(Tensor::of<double>({1}, {0x1p63}), DType::uint64)->data<uint64_t>()[0] == uint64_t{1} << 63);
  }
  SECTION("strings") {
    const auto numbers = cast(Tensor::strings({4}, {"3.14", "1e-5", "-inf", "+INF"}), DType::float64);
    REQUIRE(numbers.ok());
    CHECK(numbers->as_double(0) == 3.14);
    CHECK(numbers->as_double(1) == 1e-5);
    CHECK(numbers->as_double(2) == -std::numeric_limits<double>::infinity());
    CHECK(numbers->as_double(3) == std::numeric_limits<double>::infinity());
    CHECK(cast(Tensor::of<float>({2}, {314.125f, -2.0f}), DType::string)->string_values() ==
          std::vector<std::string>{"314.125", "-2"});
    const auto wrong = cast(Tensor::strings({1}, {"Hello World!"}), DType::float32);
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.failure().message.find("Hello World!") != std::string::npos);
  }
  SECTION("complex numbers are refused") {
    const auto wrong = cast(Tensor(DType::complex64, {1}), DType::float32);
    REQUIRE_FALSE(wrong.ok());
    CHECK(wrong.failure().code == ErrorCode::unsupported);
  }
}

TEST_CASE("copies share their buffer until one is written") {
  Tensor a = Tensor::of<float>({2}, {1, 2});
  Tensor b = a;
  CHECK(a.bytes().data() == b.bytes().data());
  b.mutable_data<float>()[0] = 5;
  CHECK(a.data<float>()[0] == 1);
  CHECK(b.data<float>()[0] == 5);
  const auto* before = b.bytes().data();
  b.mutable_data<float>()[1] = 6;
  CHECK(b.bytes().data() == before);

  const std::vector<float> memory{7, 8};
  auto view = Tensor::from_buffer(DType::float32, {2}, Buffer::view(std::as_bytes(std::span(memory)), nullptr));
  REQUIRE(view.ok());
  CHECK(static_cast<const void*>(view->bytes().data()) == memory.data());
  view->mutable_data<float>()[0] = 9;
  CHECK(memory[0] == 7);
  CHECK(view->data<float>()[1] == 8);
}

TEST_CASE("from_buffer checks its bounds") {
  const auto buffer = buffer_of({1, 0, 0, 0, 2, 0, 0, 0, 3});
  CHECK(Tensor::from_buffer(DType::int32, {2}, buffer)->ints() == std::vector<int64_t>{1, 2});
  CHECK(Tensor::from_buffer(DType::int32, {1}, buffer, 4)->ints() == std::vector<int64_t>{2});
  CHECK(Tensor::from_buffer(DType::int32, {1}, buffer, 5)->ints() == std::vector<int64_t>{3 << 24});  // unaligned
  CHECK_FALSE(Tensor::from_buffer(DType::int32, {2}, buffer, 4).ok());
  CHECK_FALSE(Tensor::from_buffer(DType::int32, {0}, buffer, 10).ok());
  CHECK(Tensor::from_buffer(DType::int32, {0}, buffer, 9).ok());
  CHECK_FALSE(Tensor::from_buffer(DType::int32, {-1}, buffer).ok());
  CHECK_FALSE(Tensor::from_buffer(DType::int32, {int64_t{1} << 62, 8}, buffer).ok());
  CHECK_FALSE(Tensor::from_buffer(DType::undefined, {1}, buffer).ok());
  CHECK_FALSE(Tensor::from_buffer(DType::int32, {1}, nullptr).ok());
  CHECK(Tensor::from_buffer(DType::boolean, {2}, buffer_of({0, 7}))->data<bool>()[1]);
  const auto wrong = Tensor::from_buffer(DType::float32, {3, 2}, buffer);
  REQUIRE_FALSE(wrong.ok());
  CHECK(wrong.failure().message == "tensor float32[3,2] needs 24 bytes, found 9");
}

TEST_CASE("string tensors hold any bytes and check their lengths") {
  const std::vector<std::string> values{"", "abc", std::string("\0\n\"", 3)};
  const Tensor tensor = Tensor::strings({3}, values);
  CHECK(tensor.string_values() == values);
  CHECK(tensor.byte_size() == 3 * 4 + 6);
  CHECK(Tensor(DType::string, {2}).string_values() == std::vector<std::string>{"", ""});
  CHECK_FALSE(Tensor::from_buffer(DType::string, {2}, buffer_of({1, 0, 0, 0, 'x'})).ok());
  CHECK_FALSE(Tensor::from_buffer(DType::string, {1}, buffer_of({255, 255, 255, 255, 'x'})).ok());
  CHECK(Tensor::from_buffer(DType::string, {1}, buffer_of({1, 0, 0, 0, 'x'}))->string_values() ==
        std::vector<std::string>{"x"});
}
