#include "graph/type.h"

#include <array>
#include <utility>

namespace pare {
namespace {

struct DTypeInfo {
  DType dtype;
  std::string_view name;
  int bits;
  enum Kind : uint8_t { other, floating, integer_signed, integer_unsigned } kind;
};

// Indexed by the ONNX number.
constexpr std::array<DTypeInfo, 29> kDTypes = {{
    {DType::undefined, "undefined", 0, DTypeInfo::other},
    {DType::float32, "float32", 32, DTypeInfo::floating},
    {DType::uint8, "uint8", 8, DTypeInfo::integer_unsigned},
    {DType::int8, "int8", 8, DTypeInfo::integer_signed},
    {DType::uint16, "uint16", 16, DTypeInfo::integer_unsigned},
    {DType::int16, "int16", 16, DTypeInfo::integer_signed},
    {DType::int32, "int32", 32, DTypeInfo::integer_signed},
    {DType::int64, "int64", 64, DTypeInfo::integer_signed},
    {DType::string, "string", 0, DTypeInfo::other},
    {DType::boolean, "bool", 8, DTypeInfo::other},
    {DType::float16, "float16", 16, DTypeInfo::floating},
    {DType::float64, "float64", 64, DTypeInfo::floating},
    {DType::uint32, "uint32", 32, DTypeInfo::integer_unsigned},
    {DType::uint64, "uint64", 64, DTypeInfo::integer_unsigned},
    {DType::complex64, "complex64", 64, DTypeInfo::other},
    {DType::complex128, "complex128", 128, DTypeInfo::other},
    {DType::bfloat16, "bfloat16", 16, DTypeInfo::floating},
    {DType::float8e4m3fn, "float8e4m3fn", 8, DTypeInfo::floating},
    {DType::float8e4m3fnuz, "float8e4m3fnuz", 8, DTypeInfo::floating},
    {DType::float8e5m2, "float8e5m2", 8, DTypeInfo::floating},
    {DType::float8e5m2fnuz, "float8e5m2fnuz", 8, DTypeInfo::floating},
    {DType::uint4, "uint4", 4, DTypeInfo::integer_unsigned},
    {DType::int4, "int4", 4, DTypeInfo::integer_signed},
    {DType::float4e2m1, "float4e2m1", 4, DTypeInfo::floating},
    {DType::float8e8m0, "float8e8m0", 8, DTypeInfo::floating},
    {DType::uint2, "uint2", 2, DTypeInfo::integer_unsigned},
    {DType::int2, "int2", 2, DTypeInfo::integer_signed},
    {DType::float6e2m3, "float6e2m3", 6, DTypeInfo::floating},
    {DType::float6e3m2, "float6e3m2", 6, DTypeInfo::floating},
}};

const DTypeInfo& info(DType dtype) {
  const auto index = static_cast<size_t>(dtype);
  return kDTypes[index < kDTypes.size() ? index : 0];
}

}  // namespace

std::string_view name(DType dtype) { return info(dtype).name; }

std::optional<DType> dtype_from_name(std::string_view name) {
  for (const DTypeInfo& entry : kDTypes) {
    if (entry.name == name && entry.dtype != DType::undefined) return entry.dtype;
  }
  return std::nullopt;
}

std::optional<DType> dtype_from_number(int64_t number) {
  if (number <= 0 || number >= static_cast<int64_t>(kDTypes.size())) return std::nullopt;
  return static_cast<DType>(number);
}

int bits(DType dtype) { return info(dtype).bits; }

bool is_float(DType dtype) { return info(dtype).kind == DTypeInfo::floating; }

bool is_integer(DType dtype) {
  return info(dtype).kind == DTypeInfo::integer_signed || info(dtype).kind == DTypeInfo::integer_unsigned;
}

bool is_signed_integer(DType dtype) { return info(dtype).kind == DTypeInfo::integer_signed; }

std::optional<int64_t> element_count(const Dims& dims) {
  int64_t count = 1;
  bool overflow = false;
  bool empty = false;
  for (const int64_t dim : dims) {
    if (dim < 0) return std::nullopt;
    if (dim == 0) empty = true;
    if (!overflow && dim != 0) overflow = __builtin_mul_overflow(count, dim, &count);
  }
  if (empty) return 0;
  if (overflow) return std::nullopt;
  return count;
}

std::string to_string(const Dim& dim) {
  if (dim.known()) return std::to_string(dim.size);
  return dim.symbol.empty() ? "?" : dim.symbol;
}

std::optional<Dims> Type::dims() const {
  if (!shape || container != Container::tensor) return std::nullopt;
  Dims dims;
  dims.reserve(shape->size());
  for (const Dim& dim : *shape) {
    if (!dim.known()) return std::nullopt;
    dims.push_back(dim.size);
  }
  return dims;
}

std::string to_string(const Type& type) {
  std::string text(name(type.dtype));
  text += '[';
  if (!type.shape) {
    text += '*';
  } else {
    for (size_t i = 0; i < type.shape->size(); ++i) {
      if (i > 0) text += ',';
      text += to_string((*type.shape)[i]);
    }
  }
  text += ']';
  if (type.container == Container::sequence || type.container == Container::optional_sequence)
    text = "sequence(" + text + ')';
  if (type.container == Container::optional || type.container == Container::optional_sequence)
    text = "optional(" + text + ')';
  return text;
}

}  // namespace pare
