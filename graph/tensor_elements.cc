// Single elements of tensors as numbers, whatever their type.
#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

#include "graph/minifloat.h"
#include "graph/packed.h"
#include "graph/tensor.h"

namespace pare {
namespace {

int sign_extend(unsigned value, int width) {
  return (value >> (width - 1) & 1u) != 0 ? static_cast<int>(value) - (1 << width) : static_cast<int>(value);
}

template <class T>
T load(std::span<const std::byte> bytes, int64_t i) {
  T value;
  std::memcpy(&value, bytes.data() + static_cast<size_t>(i) * sizeof(T), sizeof(T));
  return value;
}

template <class T>
void store(std::span<std::byte> bytes, int64_t i, T value) {
  std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(T), &value, sizeof(T));
}

// Nearest even, saturated to [low, high]; NaN gives 0.
double rounded(double value, double low, double high) {
  return std::isnan(value) ? 0 : std::clamp(std::nearbyint(value), low, high);
}

template <class T>
T rounded_to(double value) {
  constexpr auto low = std::numeric_limits<T>::min();
  constexpr auto high = std::numeric_limits<T>::max();
  if (std::isnan(value)) return 0;
  const double nearest = std::nearbyint(value);
  if (nearest <= static_cast<double>(low)) return low;
  if (nearest >= static_cast<double>(high)) return high;
  return static_cast<T>(nearest);
}

}  // namespace

double Tensor::as_double(int64_t i) const {
  assert(i >= 0 && i < size_);
  const auto from = bytes();
  switch (dtype_) {
    case DType::float32:
      return load<float>(from, i);
    case DType::float64:
      return load<double>(from, i);
    case DType::float16:
      return half_to_float(load<uint16_t>(from, i));
    case DType::bfloat16:
      return bfloat16_to_float(load<uint16_t>(from, i));
    case DType::float8e4m3fn:
    case DType::float8e4m3fnuz:
    case DType::float8e5m2:
    case DType::float8e5m2fnuz:
    case DType::float8e8m0:
      return decode_minifloat(dtype_, load<uint8_t>(from, i));
    case DType::float4e2m1:
    case DType::float6e2m3:
    case DType::float6e3m2:
      return decode_minifloat(dtype_, static_cast<uint16_t>(packed_element(from.data(), bits(dtype_), i)));
    case DType::uint64:
      return static_cast<double>(load<uint64_t>(from, i));
    case DType::uint8:
    case DType::int8:
    case DType::uint16:
    case DType::int16:
    case DType::int32:
    case DType::int64:
    case DType::uint32:
    case DType::uint4:
    case DType::int4:
    case DType::uint2:
    case DType::int2:
    case DType::boolean:
      return static_cast<double>(as_int(i));
    case DType::undefined:
    case DType::string:
    case DType::complex64:
    case DType::complex128:
      break;
  }
  assert(false && "not a number type");
  return 0;
}

int64_t Tensor::as_int(int64_t i) const {
  assert(i >= 0 && i < size_);
  const auto from = bytes();
  switch (dtype_) {
    case DType::uint8:
      return load<uint8_t>(from, i);
    case DType::int8:
      return load<int8_t>(from, i);
    case DType::uint16:
      return load<uint16_t>(from, i);
    case DType::int16:
      return load<int16_t>(from, i);
    case DType::int32:
      return load<int32_t>(from, i);
    case DType::int64:
      return load<int64_t>(from, i);
    case DType::uint32:
      return load<uint32_t>(from, i);
    case DType::uint64:
      return static_cast<int64_t>(load<uint64_t>(from, i));
    case DType::boolean:
      return load<uint8_t>(from, i) != 0 ? 1 : 0;
    case DType::uint4:
    case DType::uint2:
      return packed_element(from.data(), bits(dtype_), i);
    case DType::int4:
    case DType::int2:
      return sign_extend(packed_element(from.data(), bits(dtype_), i), bits(dtype_));
    case DType::float32:
    case DType::float64:
    case DType::float16:
    case DType::bfloat16:
    case DType::float8e4m3fn:
    case DType::float8e4m3fnuz:
    case DType::float8e5m2:
    case DType::float8e5m2fnuz:
    case DType::float4e2m1:
    case DType::float6e2m3:
    case DType::float6e3m2:
    case DType::float8e8m0:
      return rounded_to<int64_t>(std::trunc(as_double(i)));
    case DType::undefined:
    case DType::string:
    case DType::complex64:
    case DType::complex128:
      break;
  }
  assert(false && "not a number type");
  return 0;
}

void Tensor::set_double(int64_t i, double value) {
  assert(i >= 0 && i < size_);
  const auto to = mutable_bytes();
  switch (dtype_) {
    case DType::float32:
      return store(to, i, static_cast<float>(value));
    case DType::float64:
      return store(to, i, value);
    case DType::float16:
    case DType::bfloat16:
      return store(to, i, encode_minifloat(dtype_, value));
    case DType::float8e4m3fn:
    case DType::float8e4m3fnuz:
    case DType::float8e5m2:
    case DType::float8e5m2fnuz:
    case DType::float8e8m0:
      return store(to, i, static_cast<uint8_t>(encode_minifloat(dtype_, value)));
    case DType::float4e2m1:
    case DType::float6e2m3:
    case DType::float6e3m2:
      return set_packed_element(to.data(), bits(dtype_), i, encode_minifloat(dtype_, value));
    case DType::uint8:
      return store(to, i, rounded_to<uint8_t>(value));
    case DType::int8:
      return store(to, i, rounded_to<int8_t>(value));
    case DType::uint16:
      return store(to, i, rounded_to<uint16_t>(value));
    case DType::int16:
      return store(to, i, rounded_to<int16_t>(value));
    case DType::int32:
      return store(to, i, rounded_to<int32_t>(value));
    case DType::int64:
      return store(to, i, rounded_to<int64_t>(value));
    case DType::uint32:
      return store(to, i, rounded_to<uint32_t>(value));
    case DType::uint64:
      return store(to, i, rounded_to<uint64_t>(value));
    case DType::boolean:
      return store<uint8_t>(to, i, value != 0 ? 1 : 0);
    case DType::uint4:
      return set_packed_element(to.data(), 4, i, static_cast<unsigned>(rounded(value, 0, 15)));
    case DType::int4:
      return set_packed_element(to.data(), 4, i, static_cast<unsigned>(static_cast<int>(rounded(value, -8, 7))));
    case DType::uint2:
      return set_packed_element(to.data(), 2, i, static_cast<unsigned>(rounded(value, 0, 3)));
    case DType::int2:
      return set_packed_element(to.data(), 2, i, static_cast<unsigned>(static_cast<int>(rounded(value, -2, 1))));
    case DType::undefined:
    case DType::string:
    case DType::complex64:
    case DType::complex128:
      break;
  }
  assert(false && "not a number type");
}

std::vector<int64_t> Tensor::ints() const {
  assert(is_integer(dtype_) || dtype_ == DType::boolean);
  std::vector<int64_t> values(static_cast<size_t>(size_));
  for (int64_t i = 0; i < size_; ++i) values[static_cast<size_t>(i)] = as_int(i);
  return values;
}

std::vector<float> Tensor::floats() const {
  if (dtype_ == DType::float32) {
    const auto values = data<float>();
    return {values.begin(), values.end()};
  }
  std::vector<float> values(static_cast<size_t>(size_));
  for (int64_t i = 0; i < size_; ++i) values[static_cast<size_t>(i)] = static_cast<float>(as_double(i));
  return values;
}

}  // namespace pare
