// What the inference of several operators shares. Everything here takes unknown types for possible: it fails only on
// what is certainly wrong.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "graph/infer.h"

namespace pare {

// Elements of Known::contents beyond this many are not followed.
inline constexpr size_t kMaxContents = 64;

// ---- contents: integers kept as Dims (see Known) ----

Dim content(int64_t number);
std::optional<int64_t> content_number(const Dim& element);
// The element as an extent: negative numbers become unknown.
Dim content_as_dim(const Dim& element);
// The elements of integer input i, constants up to kMaxContents included; nullopt when nothing is known.
std::optional<std::vector<Dim>> contents_of(const InferContext& context, size_t i);
// Sets the contents of an output if its type allows them: integer or bool, of that many elements, at most kMaxContents.
// A vector of unknown extent gets the extent.
void set_contents(InferContext& context, size_t output, std::optional<std::vector<Dim>> contents);
// Output 0 holds the elements of input 0 in the same order.
void pass_contents(InferContext& context);

// ---- checks; `name` is the operand's name in the ONNX specification ----

// Inputs that come after optional ones and are there nevertheless.
Result<void> need_present(const InferContext& context, std::initializer_list<size_t> inputs);
Result<void> need_rank(const InferContext& context, size_t i, std::string_view name, size_t low,
                       size_t high = SIZE_MAX);
Result<void> need_float(const InferContext& context, size_t i, std::string_view name);
Result<void> need_integer(const InferContext& context, size_t i, std::string_view name);
Result<void> need_dtype(const InferContext& context, size_t i, std::string_view name,
                        std::initializer_list<DType> accepted);
// Inputs that are present and whose types are known have one element type.
Result<void> need_same_dtype(const InferContext& context, std::initializer_list<size_t> inputs);
// The first known element type of all inputs.
DType common_dtype(const InferContext& context);
Result<void> need_one_of(std::string_view attribute, std::string_view value,
                         std::initializer_list<std::string_view> accepted);

// Empty, or `size` entries from `low` to 2^31 - 1.
Result<void> check_list(std::string_view name, const std::vector<int64_t>& values, size_t size, int64_t low);

// ---- shapes given as a vector of integers ----

// Input i is an int64 vector of at most kMaxContents elements.
Result<void> need_shape_vector(const InferContext& context, size_t i, std::string_view name);
// Its contents as a shape: every number must be 0 or more.
Result<Shape> shape_from(const std::vector<Dim>& contents);
// The rank that it asks for, as an unknown shape.
std::optional<Shape> blind_shape(const InferContext& context, size_t i);

// ---- dimensions ----

// One extent from two descriptions of it, the more telling one; fails when they are different numbers.
Result<Dim> unify(const Dim& a, const Dim& b, std::string_view what);
// a * b and a + b, nullopt outside int64.
std::optional<int64_t> checked_mul(int64_t a, int64_t b);
std::optional<int64_t> checked_add(int64_t a, int64_t b);
Shape unknown_shape(size_t rank);
// `from` broadcast in one direction to `to`: right-aligned, extents 1 or equal.
Result<void> check_broadcasts_to(const Shape& from, const Shape& to, std::string_view name);

// ---- sliding windows: Conv, pooling ----

struct SpatialWindow {
  std::string_view auto_pad;
  const std::vector<int64_t>& dilations;  // empty lists stand for their defaults
  const std::vector<int64_t>& pads;
  const std::vector<int64_t>& strides;
  bool ceil_mode = false;
};
// Lengths and ranges of the lists for `spatial` axes.
Result<void> check_window(const SpatialWindow& window, size_t spatial);
// Spatial extents of the output; `input` and `kernel` have one entry per spatial axis.
Result<Shape> window_output(const SpatialWindow& window, const Shape& input, const Shape& kernel);

}  // namespace pare
