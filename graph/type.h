// Element types, dimensions and value types.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace pare {

// Numbered as onnx.TensorProto.DataType.
enum class DType : uint8_t {
  undefined = 0,
  float32 = 1,
  uint8 = 2,
  int8 = 3,
  uint16 = 4,
  int16 = 5,
  int32 = 6,
  int64 = 7,
  string = 8,
  boolean = 9,
  float16 = 10,
  float64 = 11,
  uint32 = 12,
  uint64 = 13,
  complex64 = 14,
  complex128 = 15,
  bfloat16 = 16,
  float8e4m3fn = 17,
  float8e4m3fnuz = 18,
  float8e5m2 = 19,
  float8e5m2fnuz = 20,
  uint4 = 21,
  int4 = 22,
  float4e2m1 = 23,
  float8e8m0 = 24,
  uint2 = 25,
  int2 = 26,
  float6e2m3 = 27,
  float6e3m2 = 28,
};

std::string_view name(DType dtype);                     // "float32", "bool", ...
std::optional<DType> dtype_from_name(std::string_view name);
std::optional<DType> dtype_from_number(int64_t number);  // the ONNX number
int bits(DType dtype);                                   // bits an element takes in a tensor; 0 for string and undefined
bool is_float(DType dtype);                              // float64 down to float4
bool is_integer(DType dtype);                            // signed or unsigned, not bool
bool is_signed_integer(DType dtype);

// The DType of a C++ element type.
template <class T>
inline constexpr DType dtype_of = DType::undefined;
template <> inline constexpr DType dtype_of<float> = DType::float32;
template <> inline constexpr DType dtype_of<double> = DType::float64;
template <> inline constexpr DType dtype_of<bool> = DType::boolean;
template <> inline constexpr DType dtype_of<uint8_t> = DType::uint8;
template <> inline constexpr DType dtype_of<int8_t> = DType::int8;
template <> inline constexpr DType dtype_of<uint16_t> = DType::uint16;
template <> inline constexpr DType dtype_of<int16_t> = DType::int16;
template <> inline constexpr DType dtype_of<uint32_t> = DType::uint32;
template <> inline constexpr DType dtype_of<int32_t> = DType::int32;
template <> inline constexpr DType dtype_of<uint64_t> = DType::uint64;
template <> inline constexpr DType dtype_of<int64_t> = DType::int64;

using Dims = std::vector<int64_t>;

// The number of elements; nullopt where a dimension is negative or the product overflows int64.
std::optional<int64_t> element_count(const Dims& dims);

// A number, a named symbol, or (empty symbol) something unknown. Unknown dims are equal to nothing, themselves included.
struct Dim {
  int64_t size = -1;   // -1: not a number
  std::string symbol;  // only where size is -1

  Dim() = default;
  Dim(int64_t number) : size(number) {}
  explicit Dim(std::string name) : symbol(std::move(name)) {}

  bool known() const { return size >= 0; }
  bool unknown() const { return size < 0 && symbol.empty(); }
  // Provably the same extent.
  bool same(const Dim& other) const { return known() ? size == other.size : !symbol.empty() && symbol == other.symbol; }
  // The same description (unknown equals unknown); for comparing graphs, not for reasoning.
  bool operator==(const Dim&) const = default;
};

std::string to_string(const Dim& dim);  // "3", "N", "?"

using Shape = std::vector<Dim>;

// What a value holds: a tensor, a list of tensors, or one of the two or nothing.
enum class Container : uint8_t { tensor, sequence, optional, optional_sequence };
// Whether a value may be described as either: an optional value is the thing itself where it holds one.
inline bool compatible(Container a, Container b) {
  const auto list = [](Container c) { return c == Container::sequence || c == Container::optional_sequence; };
  return list(a) == list(b);
}

struct Type {
  DType dtype = DType::undefined;  // of the elements, whatever the container
  std::optional<Shape> shape;      // nullopt: not even the rank is known; of a sequence: what all its tensors share
  Container container = Container::tensor;

  // All dimensions, if all are numbers; never of a container.
  std::optional<Dims> dims() const;
  bool operator==(const Type&) const = default;
};

std::string to_string(const Type& type);  // "float32[N,3,32,32]", "int64[]" a scalar, "float32[*]" rank unknown

}  // namespace pare
