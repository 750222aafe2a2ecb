// A dense tensor: element type, dimensions and a buffer that copies of the tensor share until one of them is written.
#pragma once

#include <algorithm>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "graph/result.h"
#include "graph/type.h"

namespace pare {

// Bytes that somebody keeps alive: the heap, a mapped file, or memory of the caller's.
class Buffer {
 public:
  // Zeroed, 64-byte aligned.
  static std::shared_ptr<Buffer> allocate(size_t bytes);
  // Read-only view of `bytes` (a mapped file, say) that `owner` keeps alive; owner may be null for the caller's own
  // memory.
  static std::shared_ptr<Buffer> view(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);
  // A view of a file mapped read-only, whose pages may be let go: they are read from the file again when they are used.
  static std::shared_ptr<Buffer> mapped(std::span<const std::byte> bytes, std::shared_ptr<const void> owner);

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  bool writable() const { return writable_; }
  // Lets the resident pages of a range of a mapped file go; nothing for other memory. Never changes what is read.
  void release(size_t offset, size_t length) const;
  std::byte* mutable_data() {
    assert(writable_);
    return const_cast<std::byte*>(data_);
  }

 private:
  const std::byte* data_ = nullptr;
  size_t size_ = 0;
  bool writable_ = false;
  bool mapped_ = false;
  std::shared_ptr<const void> owner_;
};

// Row-major. Types narrower than a byte are packed as in ONNX: first element in the low bits.
// A string tensor's buffer holds, for each element, a little-endian uint32 length and the bytes.
class Tensor {
 public:
  Tensor() = default;
  // Zeros. The size must be representable (asserted): check outside sizes with tensor_bytes() first.
  Tensor(DType dtype, Dims dims);
  // `offset` in bytes. Fails when the buffer is too short. Values narrower than the alignment of their type are copied.
  static Result<Tensor> from_buffer(DType dtype, Dims dims, std::shared_ptr<Buffer> buffer, size_t offset = 0);
  template <class T>
  static Tensor of(Dims dims, const std::vector<T>& values);
  template <class T>
  static Tensor scalar(T value);
  static Tensor strings(Dims dims, const std::vector<std::string>& values);
  // A list of tensors of one element type, which an empty list has too.
  static Tensor sequence(DType element, std::vector<Tensor> tensors);
  // Nothing, of that type (an optional container); one that holds something is the thing itself.
  static Tensor nothing(Type type);

  DType dtype() const { return dtype_; }
  const Dims& dims() const { return dims_; }
  int rank() const { return static_cast<int>(dims_.size()); }
  int64_t size() const { return size_; }  // elements
  size_t byte_size() const { return bytes_; }
  Type type() const;
  // Of anything but a tensor the rest is empty: no dims, no elements, no bytes.
  Container container() const { return container_; }
  const std::vector<Tensor>& elements() const;  // of a sequence

  std::span<const std::byte> bytes() const;
  // Copies the buffer first if it is shared or read-only.
  std::span<std::byte> mutable_bytes();
  // See Buffer::release; the range is of this tensor's bytes.
  void release(size_t offset, size_t length) const;
  // Calls visit(std::span<const std::byte>) over the bytes in order, in windows of whole elements, and lets the pages
  // of a mapped file go behind each: how to read a constant that may be larger than memory.
  template <class Visit>
  void each_window(Visit visit) const;

  template <class T>
  std::span<const T> data() const {
    assert(dtype_of<T> == dtype_);
    return {reinterpret_cast<const T*>(bytes().data()), static_cast<size_t>(size_)};
  }
  template <class T>
  std::span<T> mutable_data() {
    assert(dtype_of<T> == dtype_);
    return {reinterpret_cast<T*>(mutable_bytes().data()), static_cast<size_t>(size_)};
  }

  // The same buffer under other dims of the same count (asserted).
  Tensor reshaped(Dims dims) const;
  // Element i as a number, whatever the (non-string, non-complex) dtype; 16-bit floats, 8-bit floats and 4-bit integers
  // decoded.
  double as_double(int64_t i) const;
  int64_t as_int(int64_t i) const;
  void set_double(int64_t i, double value);  // rounds to nearest even and saturates for integer types
  std::vector<int64_t> ints() const;         // every element of an integer or bool tensor
  std::vector<float> floats() const;         // every element as float32
  std::vector<std::string> string_values() const;

  // Same dtype, dims and bytes.
  bool operator==(const Tensor& other) const;

 private:
  DType dtype_ = DType::undefined;
  Dims dims_;
  int64_t size_ = 0;
  size_t bytes_ = 0;
  size_t offset_ = 0;
  std::shared_ptr<Buffer> buffer_;
  Container container_ = Container::tensor;
  std::shared_ptr<const std::vector<Tensor>> elements_;
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

// Bytes of a packed tensor; nullopt on negative dims, overflow, or a type without a fixed width.
std::optional<size_t> tensor_bytes(DType dtype, const Dims& dims);
// Elementwise conversion as ONNX Cast does it (floats to integers truncate; to bool: not zero; saturates to 8-bit
// floats).
Result<Tensor> cast(const Tensor& tensor, DType to);

// IEEE half, bfloat16 and the 8-bit floats of the ONNX specification, by bit pattern; round to nearest even.
float half_to_float(uint16_t bits);
uint16_t float_to_half(float value);
float bfloat16_to_float(uint16_t bits);
uint16_t float_to_bfloat16(float value);

template <class Visit>
void Tensor::each_window(Visit visit) const {
  constexpr size_t kWindow = size_t{4} << 20;
  const auto all = bytes();
  for (size_t at = 0; at < all.size(); at += kWindow) {
    const auto window = all.subspan(at, std::min(kWindow, all.size() - at));
    visit(window);
    release(at, window.size());
  }
}
template <class T>
Tensor Tensor::of(Dims dims, const std::vector<T>& values) {
  Tensor tensor(dtype_of<T>, std::move(dims));
  assert(tensor.size() == static_cast<int64_t>(values.size()));
  auto out = tensor.mutable_data<T>();
  for (size_t i = 0; i < values.size(); ++i) out[i] = values[i];
  return tensor;
}
template <class T>
Tensor Tensor::scalar(T value) {
  Tensor tensor(dtype_of<T>, {});
  tensor.mutable_data<T>()[0] = value;
  return tensor;
}

}  // namespace pare
