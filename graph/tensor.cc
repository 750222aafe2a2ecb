#include "graph/tensor.h"

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <new>

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

std::shared_ptr<Buffer> Buffer::mapped(std::span<const std::byte> bytes, std::shared_ptr<const void> owner) {
  auto buffer = view(bytes, std::move(owner));
  buffer->mapped_ = true;
  return buffer;
}

void Buffer::release(size_t offset, size_t length) const {
  if (!mapped_ || length == 0) return;
  assert(offset <= size_ && length <= size_ - offset);
  const auto page = static_cast<uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = reinterpret_cast<uintptr_t>(data_ + offset);
  const auto first = begin / page * page;
  (void)::madvise(reinterpret_cast<void*>(first), begin - first + length, MADV_DONTNEED);
}

std::optional<size_t> tensor_bytes(DType dtype, const Dims& dims) {
  const auto count = element_count(dims);
  const int width = bits(dtype);
  if (!count || width == 0) return std::nullopt;
  const auto elements = static_cast<size_t>(*count);
  if (width < 8) {
    const auto bits = static_cast<size_t>(width);
    return elements / 8 * bits + (elements % 8 * bits + 7) / 8;
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
    std::byte* to = aligned->mutable_data();
    tensor.each_window([&](std::span<const std::byte> window) {
      std::memcpy(to, window.data(), window.size());
      to += window.size();
    });
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

Tensor Tensor::sequence(DType element, std::vector<Tensor> tensors) {
  Tensor made;
  made.dtype_ = element;
  made.container_ = Container::sequence;
  made.elements_ = std::make_shared<const std::vector<Tensor>>(std::move(tensors));
  return made;
}

Tensor Tensor::nothing(Type type) {
  assert(type.container == Container::optional || type.container == Container::optional_sequence);
  Tensor made;
  made.dtype_ = type.dtype;
  made.container_ = type.container;
  return made;
}

const std::vector<Tensor>& Tensor::elements() const {
  assert(container_ == Container::sequence);
  return *elements_;
}

namespace {

// The extents that all elements share.
Type sequence_type(DType element, const std::vector<Tensor>& elements) {
  Type type{element, std::nullopt, Container::sequence};
  for (const Tensor& tensor : elements) {
    const Dims& dims = tensor.dims();
    if (&tensor == elements.data()) type.shape = Shape(dims.begin(), dims.end());
    if (type.shape->size() != dims.size()) {
      type.shape.reset();
      return type;
    }
    for (size_t i = 0; i < dims.size(); ++i) {
      if ((*type.shape)[i].size != dims[i]) (*type.shape)[i] = Dim();
    }
  }
  return type;
}

}  // namespace

Type Tensor::type() const {
  if (container_ == Container::sequence) return sequence_type(dtype_, *elements_);
  if (container_ != Container::tensor) return {dtype_, std::nullopt, container_};
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

void Tensor::release(size_t offset, size_t length) const {
  assert(offset <= bytes_ && length <= bytes_ - offset);
  if (buffer_) buffer_->release(offset_ + offset, length);
}

Tensor Tensor::reshaped(Dims dims) const {
  assert(element_count(dims) == size_);
  Tensor tensor = *this;
  tensor.dims_ = std::move(dims);
  return tensor;
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
  if (container_ != other.container_ || (elements_ == nullptr) != (other.elements_ == nullptr)) return false;
  if (elements_ && elements_ != other.elements_ && *elements_ != *other.elements_) return false;
  if (dtype_ != other.dtype_ || dims_ != other.dims_ || a.size() != b.size()) return false;
  if (a.data() == b.data() || a.empty()) return true;
  size_t at = 0;
  bool same = true;
  each_window([&](std::span<const std::byte> window) {
    same = same && std::memcmp(window.data(), b.data() + at, window.size()) == 0;
    other.release(at, window.size());
    at += window.size();
  });
  return same;
}

}  // namespace pare
