#include "runtime/plan/strided.h"

#include <algorithm>

#include "runtime/plan/box.h"

namespace pare {
namespace {

// The one constant index of a Gather, made positive.
std::optional<int64_t> single_index(const Builder& builder, const Node& node, const Gather& op) {
  const Tensor* indices = builder.constant(node.inputs[1]);
  if (indices == nullptr || indices->size() != 1 || indices->rank() > 1) return std::nullopt;
  const Dims& dims = builder.dims(node.inputs[0]);
  const int64_t size = dims[static_cast<size_t>(norm_axis(op.axis, dims))];
  const int64_t index = indices->as_int(0);
  if (index < -size || index >= size) return std::nullopt;
  return index < 0 ? index + size : index;
}

bool only_reshapes(const Node& node) {
  return as<Reshape>(node.op) || as<Flatten>(node.op) || as<Squeeze>(node.op) || as<Unsqueeze>(node.op) ||
         as<Unary>(node.op, Unary::Kind::Identity);
}

size_t output_index(const Node& node, ValueId value) {
  return static_cast<size_t>(std::find(node.outputs.begin(), node.outputs.end(), value) - node.outputs.begin());
}

}  // namespace

bool all_constant(const Builder& builder, const Node& node, size_t from) {
  for (size_t i = from; i < node.inputs.size(); ++i)
    if (node.inputs[i] != ValueId::none && (!builder.is_constant(node.inputs[i]) || !builder.constant(node.inputs[i])))
      return false;
  return true;
}

std::vector<int64_t> ints_of(const Builder& builder, const Node& node, size_t slot) {
  if (slot >= node.inputs.size() || node.inputs[slot] == ValueId::none) return {};
  return builder.constant(node.inputs[slot])->ints();
}

void slice_bounds(const Builder& builder, const Node& node, std::vector<int64_t>& first, std::vector<int64_t>& step) {
  const Dims& dims = builder.dims(node.inputs[0]);
  const auto starts = ints_of(builder, node, 1), axes = ints_of(builder, node, 3), steps = ints_of(builder, node, 4);
  for (size_t i = 0; i < starts.size(); ++i) {
    const auto axis = static_cast<size_t>(norm_axis(axes.empty() ? static_cast<int64_t>(i) : axes[i], dims));
    step[axis] = steps.empty() ? 1 : steps[i];
    int64_t start = starts[i] < 0 ? starts[i] + dims[axis] : starts[i];
    start = step[axis] > 0 ? std::clamp<int64_t>(start, 0, dims[axis]) : std::clamp<int64_t>(start, -1, dims[axis] - 1);
    first[axis] = start;
  }
}

bool is_strided(const Builder& builder, const Node& node) {
  for (const ValueId out : node.outputs)
    if (out == ValueId::none) return false;
  if (as<Slice>(node.op)) return all_constant(builder, node, 1);
  if (const auto* op = as<Gather>(node.op)) return single_index(builder, node, *op).has_value();
  return as<Transpose>(node.op) || as<Expand>(node.op) || as<Split>(node.op);
}

View strided_view(const Builder& builder, const Node& node, size_t index, const View& from) {
  const Dims& dims = builder.dims(node.inputs[0]);
  View to = from;
  if (const auto* op = as<Transpose>(node.op)) {
    for (size_t i = 0; i < dims.size(); ++i)
      to.strides[i] =
          from.strides[op->perm.empty() ? dims.size() - 1 - i : static_cast<size_t>(norm_axis(op->perm[i], dims))];
  } else if (as<Slice>(node.op)) {
    std::vector<int64_t> first(dims.size(), 0), step(dims.size(), 1);
    slice_bounds(builder, node, first, step);
    for (size_t i = 0; i < dims.size(); ++i) {
      to.offset += first[i] * to.strides[i];
      to.strides[i] *= step[i];
    }
  } else if (as<Expand>(node.op)) {
    const Dims& out = builder.dims(node.outputs[0]);
    to.strides.assign(out.size(), 0);
    for (size_t i = 0; i < dims.size(); ++i)
      if (dims[i] != 1) to.strides[out.size() - dims.size() + i] = from.strides[i];
  } else if (const auto* split = as<Split>(node.op)) {
    const auto axis = static_cast<size_t>(norm_axis(split->axis, dims));
    for (size_t i = 0; i < index; ++i) to.offset += builder.dims(node.outputs[i])[axis] * to.strides[axis];
  } else if (const auto* gather = as<Gather>(node.op)) {
    const auto axis = static_cast<size_t>(norm_axis(gather->axis, dims));
    to.offset += single_index(builder, node, *gather).value_or(0) * to.strides[axis];
    if (builder.constant(node.inputs[1])->rank() == 0)
      to.strides.erase(to.strides.begin() + static_cast<int64_t>(axis));
  }
  return to;
}

std::optional<std::vector<NodeId>> quantized_path(const Builder& builder, ValueId value) {
  if (builder.dtype(value) != DType::float32 || builder.is_constant(value)) return std::nullopt;
  std::vector<NodeId> path;
  for (int depth = 0; depth < 16; ++depth) {
    const NodeId producer = builder.graph.value(value).producer;
    if (producer == NodeId::none || !builder.claimed(producer)) return std::nullopt;
    const Node& node = builder.node(producer);
    path.push_back(producer);
    value = node.inputs[0];
    if (as<DequantizeLinear>(node.op)) {
      const bool fits = builder.available(value) && scalar_quant(builder, node, builder.dtype(value));
      return fits ? std::optional(path) : std::nullopt;
    }
    if (!only_reshapes(node) && !is_strided(builder, node)) return std::nullopt;
  }
  return std::nullopt;
}

QuantizedView quantized_view(Builder& builder, ValueId value, const std::vector<NodeId>& path) {
  const Node& dequantize = builder.node(path.back());
  const ValueId q = dequantize.inputs[0];
  const DType dtype = builder.dtype(q);
  QuantizedView result{builder.view(q), *scalar_quant(builder, dequantize, dtype), dtype};
  View& view = result.view;
  for (size_t i = path.size() - 1; i-- > 0;) {
    const Node& node = builder.node(path[i]);
    const ValueId in = node.inputs[0], out = i == 0 ? value : builder.node(path[i - 1]).inputs[0];
    if (!only_reshapes(node)) {
      view = strided_view(builder, node, output_index(node, out), view);
      continue;
    }
    if (auto strides = reshaped_strides(builder.dims(in), view.strides, builder.dims(out))) {
      view.strides = *std::move(strides);
    } else {
      view = {builder.materialise(view, dtype, builder.dims(in)), 0, strides_in(builder.dims(out), Order::onnx)};
    }
  }
  return result;
}

}  // namespace pare
