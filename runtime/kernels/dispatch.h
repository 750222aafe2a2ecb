// What the plain kernels share: dispatch on element types, checked allocation, broadcasting, selection along axes.
#pragma once

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "runtime/kernels.h"

namespace pare::kernels {

template <class... T>
struct Types {};
using Floats = Types<float, double>;
using Integers = Types<int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
using Numbers = Types<float, double, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t>;
using Bytes = Types<int8_t, uint8_t>;

// Calls f.operator()<T>() for the T of the list whose DType it is; false if there is none.
template <class... T, class F>
bool dispatch(DType dtype, Types<T...>, F&& f) {
  return ((dtype_of<T> == dtype ? (f.template operator()<T>(), true) : false) || ...);
}

// "has no kernel for float8e5m2"
Failure no_kernel(DType dtype);

// Zeros; a Failure where the size is not representable or beyond what one tensor may take (4 GiB), or memory is out.
Result<Tensor> allocate(DType dtype, Dims dims);

// Runs `op` with 16-bit floats as float32, its float32 results rounded back; nullopt when no input is a 16-bit float.
template <class O>
std::optional<Result<void>> through_float32(const O& op, KernelContext& context) {
  DType narrow = DType::undefined;
  for (const Tensor& input : context.inputs)
    if (input.dtype() == DType::float16 || input.dtype() == DType::bfloat16) narrow = input.dtype();
  if (narrow == DType::undefined) return std::nullopt;
  std::vector<Tensor> wide(context.inputs.begin(), context.inputs.end());
  for (Tensor& input : wide) {
    if (input.dtype() != DType::float16 && input.dtype() != DType::bfloat16) continue;
    auto cast_input = cast(input, DType::float32);
    if (!cast_input) return Result<void>(cast_input.failure());
    input = *std::move(cast_input);
  }
  KernelContext inner{wide, context.outputs};
  if (auto done = run(op, inner); !done) return done;
  for (Tensor& output : context.outputs) {
    if (output.dtype() != DType::float32) continue;
    auto cast_output = cast(output, narrow);
    if (!cast_output) return Result<void>(cast_output.failure());
    output = *std::move(cast_output);
  }
  return Result<void>();
}

// Elements between neighbours along each axis, row-major.
std::vector<int64_t> strides_of(const Dims& dims);
// Product of dims[begin, end).
int64_t product(const Dims& dims, size_t begin, size_t end);
inline int64_t product(const Dims& dims) { return product(dims, 0, dims.size()); }

Result<Dims> broadcast_dims(const std::vector<Dims>& dims);
// Strides of `dims` seen as `out` (right-aligned; 0 along axes that repeat).
std::vector<int64_t> broadcast_strides(const Dims& dims, const Dims& out);

// f(i, offsets): i counts row-major through `dims`; offsets[k] = sum over axes of index * strides[k][axis].
template <size_t K, class F>
void for_each_index(const Dims& dims, const std::array<std::vector<int64_t>, K>& strides, F&& f) {
  const int64_t count = product(dims);
  std::vector<int64_t> index(dims.size(), 0);
  std::array<int64_t, K> offset{};
  for (int64_t i = 0; i < count; ++i) {
    f(i, offset);
    for (size_t axis = dims.size(); axis-- > 0;) {
      for (size_t k = 0; k < K; ++k) offset[k] += strides[k][axis];
      if (++index[axis] < dims[axis]) break;
      for (size_t k = 0; k < K; ++k) offset[k] -= strides[k][axis] * dims[axis];
      index[axis] = 0;
    }
  }
}

// Elements of any type: whole bytes are copied, narrower ones by their bits, strings as values.
// Element i of the result is element source(i) of `in`, or where that is negative, of `fill` (zero or empty without).
class ElementMover {
 public:
  ElementMover(const Tensor& in, DType dtype, const Dims& dims, const Tensor* fill);
  Result<void> allocate();
  void move(int64_t to, int64_t from);
  void read_from(const Tensor& other);  // of the same type; from now on
  Tensor take();

 private:
  const Tensor* in_;
  const Tensor* fill_;
  DType dtype_;
  Dims dims_;
  int width_;
  Tensor out_;
  const std::byte* from_ = nullptr;
  std::byte* to_ = nullptr;
  std::vector<std::string> strings_in_, strings_out_;
  std::string string_fill_;
};

// out[i0, i1, ...] = in[maps[0][i0], maps[1][i1], ...], or fill where a map says -1. One map per axis.
Result<Tensor> select(const Tensor& in, const std::vector<std::vector<int64_t>>& maps, const Tensor* fill = nullptr);
// out[i0, i1, ...] = in at offset + sum i_k * strides[k], in elements.
Result<Tensor> strided(const Tensor& in, const Dims& dims, const std::vector<int64_t>& strides, int64_t offset = 0);

// y = f(x) for floats, in double.
template <class F>
Result<void> map_floats(KernelContext& context, F&& f) {
  const Tensor& x = context.inputs[0];
  PARE_ASSIGN(Tensor y, allocate(x.dtype(), x.dims()));
  const bool known = dispatch(x.dtype(), Floats{}, [&]<class T>() {
    const auto in = x.data<T>();
    auto out = y.mutable_data<T>();
    for (size_t i = 0; i < in.size(); ++i) out[i] = static_cast<T>(f(static_cast<double>(in[i])));
  });
  if (!known) return no_kernel(x.dtype());
  context.outputs[0] = std::move(y);
  return {};
}

// 0..size-1
std::vector<int64_t> iota(int64_t size);
// Axis in [0, rank), or a Failure.
Result<size_t> axis_of(int64_t axis, size_t rank);

}  // namespace pare::kernels
