#include "compress/move_layouts.h"

#include <algorithm>

#include "compress/reshape_target.h"
#include "compress/rewrite.h"

namespace pare {
namespace {

// Whether the node maps each element of that input by itself, whatever its rank down to `rank`.
bool elementwise(const Graph& graph, const Node& node, size_t slot, size_t rank) {
  if (node.outputs.size() != 1) return false;
  if (op_pointwise(node.op)) return slot == 0;
  const Binary* binary = as<Binary>(node.op);
  if (!binary && !as<Variadic>(node.op)) return false;
  if (binary && binary->kind == Binary::Kind::PRelu && slot != 0) return false;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const Tensor* constant = i == slot ? nullptr : constant_of(graph, node, i);
    if (i != slot && (!constant || constant->size() != 1 || constant->rank() > static_cast<int>(rank))) return false;
  }
  return true;
}

// What the layout's result goes through, one after the other, and the layout that it reaches.
struct Path {
  std::vector<Use> between;
  NodeId end = NodeId::none;
};

template <class IsEnd>
Path follow(const Graph& graph, const Uses& uses, NodeId start, IsEnd&& is_end) {
  const Node& from = graph.node(start);
  const Shape* shape = shape_of(graph, from.inputs[0]);
  const Shape* moved = shape_of(graph, from.outputs[0]);
  Path path;
  if (shape == nullptr || moved == nullptr) return path;
  const size_t rank = std::min(shape->size(), moved->size());
  ValueId value = from.outputs[0];
  while (uses.single(value)) {
    const Use use = uses.of(value)[0];
    const Node& user = graph.node(use.node);
    if (is_end(user.op) && use.slot == 0) {
      path.end = use.node;
      return path;
    }
    if (!elementwise(graph, user, static_cast<size_t>(use.slot), rank)) return path;
    path.between.push_back(use);
    value = user.outputs[0];
  }
  return path;
}

// Lets what stands in between work on the data as it was before the layout changed.
void bypass(Graph& graph, NodeId start, const Path& path) {
  const ValueId data = graph.node(start).inputs[0];
  const Use& first = path.between.front();
  graph.node(first.node).inputs[static_cast<size_t>(first.slot)] = data;
  for (const Use& use : path.between) {
    Type& type = graph.value(graph.node(use.node).outputs[0]).type;
    type.shape = graph.value(data).type.shape;
  }
}

std::vector<int64_t> permutation(const Graph& graph, const Node& node) {
  std::vector<int64_t> perm = as<Transpose>(node.op)->perm;
  const Shape* shape = shape_of(graph, node.inputs[0]);
  if (!perm.empty() || shape == nullptr) return perm;
  for (size_t i = shape->size(); i-- > 0;) perm.push_back(static_cast<int64_t>(i));
  return perm;
}

bool move_transpose(Graph& graph, const Uses& uses, NodeId id) {
  const Path path = follow(graph, uses, id, [](const Op& op) { return as<Transpose>(op) != nullptr; });
  if (path.end == NodeId::none || path.between.empty()) return false;
  const std::vector<int64_t> inner = permutation(graph, graph.node(id));
  std::vector<int64_t> outer = permutation(graph, graph.node(path.end));
  if (inner.size() != outer.size()) return false;
  for (int64_t& axis : outer) axis = inner[static_cast<size_t>(axis)];
  bypass(graph, id, path);
  as<Transpose>(graph.node(path.end).op)->perm = std::move(outer);
  return true;
}

bool move_reshape(Graph& graph, const Uses& uses, NodeId id) {
  const Path path = follow(graph, uses, id, keeps_order);
  if (path.end == NodeId::none || path.between.empty()) return false;
  const Node& end = graph.node(path.end);
  const ValueId data = graph.node(id).inputs[0], last = end.inputs[0];
  const Shape *before = shape_of(graph, data), *after = shape_of(graph, end.outputs[0]);
  if (before == nullptr || after == nullptr) return false;
  const bool same = same_shape(before, after);
  const std::optional<Tensor> target = reshape_target(*after, before);
  if (std::ranges::count(*after, Dim(0)) > 0 || (!same && !target)) return false;
  bypass(graph, id, path);
  if (same && forward(graph, end.outputs[0], last)) return true;
  return become_reshape(graph, path.end, last);
}

// T(a) op T(b)  ->  T(a op b)
bool move_both(Graph& graph, const Uses& uses, NodeId id) {
  const Node node = graph.node(id);
  if (!as<Binary>(node.op) || as<Binary>(node.op, Binary::Kind::PRelu)) return false;
  const Node* sources[2];
  for (size_t i = 0; i < 2; ++i) {
    sources[i] = producer_as<Transpose>(graph, node.inputs[i]);
    if (sources[i] == nullptr || !uses.single(node.inputs[i])) return false;
  }
  const std::vector<int64_t> perm = permutation(graph, *sources[0]);
  if (perm.empty() || perm != permutation(graph, *sources[1])) return false;
  const std::vector<ValueId> operands{sources[0]->inputs[0], sources[1]->inputs[0]};
  const ValueId result = graph.add(node.op, operands, graph.value(node.outputs[0]).name + ".moved", id);
  graph.value(result).type.dtype = graph.value(node.outputs[0]).type.dtype;
  graph.node(id).op = Transpose{.perm = perm};
  graph.node(id).inputs = {result};
  return true;
}

}  // namespace

int move_layouts(Graph& graph) {
  int moved = 0;
  std::optional<Uses> uses(graph);
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const Op& op = graph.node(id).op;
    const bool changed = as<Transpose>(op) ? move_transpose(graph, *uses, id)
                         : keeps_order(op) ? move_reshape(graph, *uses, id)
                                           : move_both(graph, *uses, id);
    if (!changed) continue;
    ++moved;
    uses.emplace(graph);
  }
  if (moved > 0) graph.remove_unused();
  return moved;
}

}  // namespace pare
