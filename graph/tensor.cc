#include "graph/tensor.h"

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

#include "graph/minifloat.h"

namespace pare {
namespace {

constexpr size_t kAlignment = 64;

// Alignment an element needs in memory; packed and byte-sized types need none.
size_t element_alignment(DType dtype) {
  if (dtype == DType::complex64) return 4;
  if (dtype == DType::complex128) return 8;
  return std::max<size_t>(1, static_cast<size_t>(bits(dtype)) / 8);
}

uint32_t read_u32(const std::byte* at) {
  uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | std::to_integer<uint32_t>(at[i]);
  return value;
}

void write_u32(std::byte* at, uint32_t value) {
  for (int i = 0; i < 4; ++i) at[i] = static_cast<std::byte>(value >> (8 * i) & 0xffu);
}

// Bytes that `count` string elements take at the start of `bytes`; nullopt if they do not fit.
std::optional<size_t> string_bytes(std::span<const std::byte> bytes, int64_t count) {
  size_t at = 0;
  for (int64_t i = 0; i < count; ++i) {
    if (bytes.size() - at < 4) return std::nullopt;
    const size_t length = read_u32(bytes.data() + at);
    at += 4;
    if (bytes.size() - at < length) return std::nullopt;
    at += length;
  }
  return at;
}

std::string describe(DType dtype, const Dims& dims) {
  Type type{dtype, Shape{}};
  for (const int64_t dim : dims) type.shape->push_back(Dim(dim));
  return to_string(type);
}

// Element `i` of a type narrower than a byte, zero-extended.
unsigned packed_element(std::span<const std::byte> bytes, int width, int64_t i) {
  const auto per_byte = static_cast<int64_t>(8 / width);
  const unsigned byte = std::to_integer<unsigned>(bytes[static_cast<size_t>(i / per_byte)]);
  return byte >> (width * static_cast<int>(i % per_byte)) & ((1u << width) - 1);
}

void set_packed_element(std::span<std::byte> bytes, int width, int64_t i, unsigned value) {
  const auto per_byte = static_cast<int64_t>(8 / width);
  const int shift = width * static_cast<int>(i % per_byte);
  const unsigned mask = ((1u << width) - 1) << shift;
  std::byte& byte = bytes[static_cast<size_t>(i / per_byte)];
  byte = static_cast<std::byte>((std::to_integer<unsigned>(byte) & ~mask) | (value << shift & mask));
}

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

std::shared_ptr<Buffer> Buffer::allocate(size_t bytes) {
  const size_t padded = std::max(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
  void* memory = padded < bytes ? nullptr : std::aligned_alloc(kAlignment, padded);
  if (memory == nullptr) throw std::bad_alloc();
  std::memset(memory, 0, padded);
  auto buffer = std::make_shared<Buffer>();
  buffer->owner_ = std::shared_ptr<const void>(memory, [](void* block) { std::free(block); });
  buffer->data_ = static_cast<const std::byte*>(memory);
  buffer->size_ = bytes;
  buffer->writable_ = true;
  return buffer;
}

std::shared_ptr<Buffer> Buffer::view(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  auto buffer = std::make_shared<Buffer>();
  buffer->data_ = bytes.data();
  buffer->size_ = bytes.size();
  buffer->owner_ = std::move(owner);
  return buffer;
}

std::optional<size_t> tensor_bytes(DType dtype, const Dims& dims) {
  const auto count = element_count(dims);
  const int width = bits(dtype);
  if (!count || width == 0) return std::nullopt;
  const auto elements = static_cast<size_t>(*count);
  if (width < 8) {
    const auto per_byte = static_cast<size_t>(8 / width);
    return elements / per_byte + (elements % per_byte != 0 ? 1 : 0);
  }
  size_t bytes = 0;
  if (__builtin_mul_overflow(elements, static_cast<size_t>(width) / 8, &bytes)) return std::nullopt;
  if (bytes > static_cast<size_t>(std::numeric_limits<int64_t>::max())) return std::nullopt;
  return bytes;
}

Tensor::Tensor(DType dtype, Dims dims) : dtype_(dtype), dims_(std::move(dims)) {
  const auto count = element_count(dims_);
  assert(count.has_value());
  size_ = *count;
  if (dtype == DType::string) {
    bytes_ = static_cast<size_t>(size_) * 4;
  } else {
    const auto bytes = tensor_bytes(dtype, dims_);
    assert(bytes.has_value());
    bytes_ = *bytes;
  }
  buffer_ = Buffer::allocate(bytes_);
}

Result<Tensor> Tensor::from_buffer(DType dtype, Dims dims, std::shared_ptr<Buffer> buffer, size_t offset) {
  const std::string what = "tensor " + describe(dtype, dims);
  const auto count = element_count(dims);
  if (!count || dtype == DType::undefined) return input_error(what + " has no representable size");
  const size_t available = buffer ? buffer->bytes().size() : 0;
  if (offset > available) {
    return input_error(what + " starts at byte " + std::to_string(offset) + " of a buffer of " +
                       std::to_string(available) + " bytes");
  }
  const auto rest = buffer ? buffer->bytes().subspan(offset) : std::span<const std::byte>();
  const auto needed = dtype == DType::string ? string_bytes(rest, *count) : tensor_bytes(dtype, dims);
  if (!needed || *needed > rest.size()) {
    return input_error(what + (needed ? " needs " + std::to_string(*needed) + " bytes" : std::string(" does not fit")) +
                       ", found " + std::to_string(rest.size()));
  }
  Tensor tensor;
  tensor.dtype_ = dtype;
  tensor.dims_ = std::move(dims);
  tensor.size_ = *count;
  tensor.bytes_ = *needed;
  tensor.offset_ = offset;
  tensor.buffer_ = buffer ? std::move(buffer) : Buffer::allocate(0);
  const auto address = reinterpret_cast<uintptr_t>(tensor.bytes().data());
  if (address % element_alignment(dtype) != 0) {
    auto aligned = Buffer::allocate(*needed);
    std::memcpy(aligned->mutable_data(), rest.data(), *needed);
    tensor.buffer_ = std::move(aligned);
    tensor.offset_ = 0;
  }
  const auto bytes = tensor.bytes();
  if (dtype == DType::boolean &&
      std::any_of(bytes.begin(), bytes.end(), [](std::byte byte) { return std::to_integer<int>(byte) > 1; })) {
    for (std::byte& byte : tensor.mutable_bytes()) byte = byte == std::byte{0} ? byte : std::byte{1};
  }
  return tensor;
}

Tensor Tensor::strings(Dims dims, const std::vector<std::string>& values) {
  size_t total = 0;
  for (const std::string& value : values) total += 4 + value.size();
  auto buffer = Buffer::allocate(total);
  std::byte* at = buffer->mutable_data();
  for (const std::string& value : values) {
    assert(value.size() <= std::numeric_limits<uint32_t>::max());
    write_u32(at, static_cast<uint32_t>(value.size()));
    std::memcpy(at + 4, value.data(), value.size());
    at += 4 + value.size();
  }
  Tensor tensor;
  tensor.dtype_ = DType::string;
  tensor.size_ = element_count(dims).value_or(-1);
  assert(tensor.size_ == static_cast<int64_t>(values.size()));
  tensor.dims_ = std::move(dims);
  tensor.bytes_ = total;
  tensor.buffer_ = std::move(buffer);
  return tensor;
}

Type Tensor::type() const {
  Type type{dtype_, Shape{}};
  for (const int64_t dim : dims_) type.shape->push_back(Dim(dim));
  return type;
}

std::span<const std::byte> Tensor::bytes() const {
  if (!buffer_) return {};
  return buffer_->bytes().subspan(offset_, bytes_);
}

std::span<std::byte> Tensor::mutable_bytes() {
  if (!buffer_) return {};
  if (buffer_.use_count() > 1 || !buffer_->writable()) {
    auto copy = Buffer::allocate(bytes_);
    if (bytes_ > 0) std::memcpy(copy->mutable_data(), bytes().data(), bytes_);
    buffer_ = std::move(copy);
    offset_ = 0;
  }
  return {buffer_->mutable_data() + offset_, bytes_};
}

Tensor Tensor::reshaped(Dims dims) const {
  assert(element_count(dims) == size_);
  Tensor tensor = *this;
  tensor.dims_ = std::move(dims);
  return tensor;
}

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
      return decode_minifloat(dtype_, static_cast<uint16_t>(packed_element(from, 4, i)));
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
      return packed_element(from, bits(dtype_), i);
    case DType::int4:
    case DType::int2:
      return sign_extend(packed_element(from, bits(dtype_), i), bits(dtype_));
    case DType::float32:
    case DType::float64:
    case DType::float16:
    case DType::bfloat16:
    case DType::float8e4m3fn:
    case DType::float8e4m3fnuz:
    case DType::float8e5m2:
    case DType::float8e5m2fnuz:
    case DType::float4e2m1:
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
      return set_packed_element(to, 4, i, encode_minifloat(dtype_, value));
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
      return set_packed_element(to, 4, i, static_cast<unsigned>(rounded(value, 0, 15)));
    case DType::int4:
      return set_packed_element(to, 4, i, static_cast<unsigned>(static_cast<int>(rounded(value, -8, 7))));
    case DType::uint2:
      return set_packed_element(to, 2, i, static_cast<unsigned>(rounded(value, 0, 3)));
    case DType::int2:
      return set_packed_element(to, 2, i, static_cast<unsigned>(static_cast<int>(rounded(value, -2, 1))));
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

std::vector<std::string> Tensor::string_values() const {
  assert(dtype_ == DType::string);
  std::vector<std::string> values;
  values.reserve(static_cast<size_t>(size_));
  const auto from = bytes();
  size_t at = 0;
  for (int64_t i = 0; i < size_; ++i) {
    const size_t length = read_u32(from.data() + at);
    values.emplace_back(reinterpret_cast<const char*>(from.data() + at + 4), length);
    at += 4 + length;
  }
  return values;
}

bool Tensor::operator==(const Tensor& other) const {
  const auto a = bytes();
  const auto b = other.bytes();
  return dtype_ == other.dtype_ && dims_ == other.dims_ && a.size() == b.size() &&
         (a.data() == b.data() || std::equal(a.begin(), a.end(), b.begin()));
}

}  // namespace pare
