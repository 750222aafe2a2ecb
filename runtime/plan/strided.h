// Operators whose result is a view of their operand: Transpose, Slice, Expand, Split, Gather of one index.
#pragma once

#include <optional>
#include <vector>

#include "runtime/plan/builder.h"

namespace pare {

inline int64_t norm_axis(int64_t axis, const Dims& dims) {
  return axis < 0 ? axis + static_cast<int64_t>(dims.size()) : axis;
}
// All operands from that slot on are constants that compute, or left out.
bool all_constant(const Builder& builder, const Node& node, size_t from);
// The constant of a slot as integers, empty where it is left out.
std::vector<int64_t> ints_of(const Builder& builder, const Node& node, size_t slot);
// What a Slice takes along each axis: first element and step (extents are the result's).
void slice_bounds(const Builder& builder, const Node& node, std::vector<int64_t>& first, std::vector<int64_t>& step);

// The node is one of them.
bool is_strided(const Builder& builder, const Node& node);
// Output `index` of such a node from the view of its operand.
View strided_view(const Builder& builder, const Node& node, size_t index, const View& from);

// The nodes, last first, that lead from the DequantizeLinear (one scale, 8 bits) of a value at hand to `value` and only
// move its elements; the last entry is that DequantizeLinear. None where `value` is anything else.
std::optional<std::vector<NodeId>> quantized_path(const Builder& builder, ValueId value);
// Where the integers of such a value lie. May copy them where a Reshape does not fit their strides.
struct QuantizedView {
  View view;
  Int8Quant quant;
  DType dtype = DType::undefined;
};
QuantizedView quantized_view(Builder& builder, ValueId value, const std::vector<NodeId>& path);

}  // namespace pare
