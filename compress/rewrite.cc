#include "compress/rewrite.h"

#include <algorithm>
#include <cmath>

#include "compress/subgraphs.h"

namespace pare {

bool forward(Graph& graph, ValueId from, ValueId to) {
  if (from == to) return false;
  const bool output = std::ranges::count(graph.outputs, from) > 0;
  const bool owned = graph.value(to).producer != NodeId::none && std::ranges::count(graph.outputs, to) == 0;
  if (output && !owned) return false;
  for (NodeId id : graph.order()) recapture(graph, id, from, to);
  graph.replace_uses(from, to);
  if (!output) return true;
  std::string name = graph.value(from).name;
  graph.rename(from, name + ".replaced");
  rename_value(graph, to, name);
  graph.value(to).type = graph.value(from).type;
  return true;
}

void rename_value(Graph& graph, ValueId id, const std::string& name) {
  std::vector<NodeId> holders;
  for (NodeId node : graph.order()) {
    if (std::ranges::count(graph.node(node).captures, id) > 0) holders.push_back(node);
  }
  if (holders.empty()) return graph.rename(id, name);
  // Subgraphs follow by way of a value that has the new name already.
  ValueId bridge = graph.add_value(name);
  for (NodeId node : holders) recapture(graph, node, id, bridge);
  std::string taken = graph.value(bridge).name;
  graph.remove_value(bridge);
  graph.rename(id, taken);
  for (NodeId node : holders) refresh_captures(graph, node);
}

std::optional<double> uniform_constant(const Graph& graph, ValueId id) {
  if (id == ValueId::none || !graph.value(id).constant) return std::nullopt;
  const Tensor& tensor = *graph.value(id).constant;
  DType dtype = tensor.dtype();
  constexpr int64_t kMost = 1 << 20;  // a weight that a file maps is not read for this
  if (tensor.size() < 1 || tensor.size() > kMost || (!is_float(dtype) && !is_integer(dtype) && dtype != DType::boolean))
    return std::nullopt;
  double first = tensor.as_double(0);
  if (std::abs(first) > 9007199254740992.0) return std::nullopt;
  for (int64_t i = 1; i < tensor.size(); ++i) {
    if (tensor.as_double(i) != first) return std::nullopt;
  }
  return first;
}

ValueId input_of(const Node& node, size_t slot) {
  return slot < node.inputs.size() ? node.inputs[slot] : ValueId::none;
}

const Tensor* constant_of(const Graph& graph, const Node& node, size_t slot) {
  ValueId id = input_of(node, slot);
  return id != ValueId::none && graph.value(id).constant ? &*graph.value(id).constant : nullptr;
}

const Shape* shape_of(const Graph& graph, ValueId id) {
  if (id == ValueId::none || !graph.value(id).type.shape) return nullptr;
  return &*graph.value(id).type.shape;
}

std::optional<std::vector<double>> along_axis(const Tensor& constant, int rank, int axis, int64_t extent) {
  if (constant.dtype() != DType::float32 || constant.rank() > rank) return std::nullopt;
  for (int i = 0; i < constant.rank(); ++i) {
    int at = i + rank - constant.rank();
    int64_t size = constant.dims()[static_cast<size_t>(i)];
    if (size != 1 && (at != axis || size != extent)) return std::nullopt;
  }
  std::vector<double> values(static_cast<size_t>(extent));
  for (int64_t i = 0; i < extent; ++i)
    values[static_cast<size_t>(i)] = constant.as_double(constant.size() == 1 ? 0 : i);
  return values;
}

Tensor float_vector(const std::vector<double>& values) {
  Tensor tensor(DType::float32, {static_cast<int64_t>(values.size())});
  for (size_t i = 0; i < values.size(); ++i) tensor.set_double(static_cast<int64_t>(i), values[i]);
  return tensor;
}

void replace_constant(Graph& graph, NodeId id, size_t slot, const std::string& name, Tensor tensor) {
  ValueId old = input_of(graph.node(id), slot);
  if (old != ValueId::none && graph.value(old).constant && Uses(graph).single(old)) {
    graph.set_constant(old, std::move(tensor));
    return;
  }
  ValueId fresh = graph.add_constant(name, std::move(tensor));
  Node& node = graph.node(id);
  if (node.inputs.size() <= slot) node.inputs.resize(slot + 1, ValueId::none);
  node.inputs[slot] = fresh;
}

bool broadcasts_into(const Graph& graph, ValueId constant, ValueId data, ValueId result) {
  if (same_shape(shape_of(graph, data), shape_of(graph, result))) return true;
  const std::optional<Tensor>& tensor = graph.value(constant).constant;
  const Shape* shape = shape_of(graph, data);
  if (!tensor || tensor->size() != 1) return false;
  return tensor->rank() == 0 || (shape != nullptr && tensor->rank() <= static_cast<int>(shape->size()));
}

bool same_shape(const Shape* a, const Shape* b) {
  if (a == nullptr || b == nullptr || a->size() != b->size()) return false;
  for (size_t i = 0; i < a->size(); ++i) {
    if (!(*a)[i].same((*b)[i])) return false;
  }
  return true;
}

}  // namespace pare
