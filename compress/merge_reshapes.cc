#include "compress/merge_reshapes.h"

#include <algorithm>

#include "compress/reshape_target.h"
#include "compress/rewrite.h"

namespace pare {
namespace {

const Node* reshaping_producer(const Graph& graph, ValueId id) {
  NodeId producer = id == ValueId::none ? NodeId::none : graph.value(id).producer;
  return producer != NodeId::none && keeps_order(graph.node(producer).op) ? &graph.node(producer) : nullptr;
}

bool merge_reshape(Graph& graph, NodeId id) {
  ValueId middle = graph.node(id).inputs[0], output = graph.node(id).outputs[0];
  const Node* source = reshaping_producer(graph, middle);
  if (source == nullptr) return false;
  ValueId data = source->inputs[0];
  if (same_shape(shape_of(graph, data), shape_of(graph, output)) && forward(graph, output, data)) return true;
  return become_reshape(graph, id, data);
}

bool merge_transpose(Graph& graph, NodeId id) {
  Node& node = graph.node(id);
  const Node* source = producer_as<Transpose>(graph, node.inputs[0]);
  if (source == nullptr) return false;
  std::vector<int64_t>& outer = as<Transpose>(node.op)->perm;
  const std::vector<int64_t>& inner = as<Transpose>(source->op)->perm;
  const Shape* shape = shape_of(graph, source->inputs[0]);
  size_t rank = !outer.empty() ? outer.size() : !inner.empty() ? inner.size() : shape ? shape->size() : 0;
  if (rank == 0) return false;
  std::vector<int64_t> perm(rank);
  for (size_t i = 0; i < rank; ++i) {
    size_t at = outer.empty() ? rank - 1 - i : static_cast<size_t>(outer[i]);
    perm[i] = inner.empty() ? static_cast<int64_t>(rank - 1 - at) : inner[at];
  }
  outer = std::move(perm);
  node.inputs[0] = source->inputs[0];
  return true;
}

// Whether the axes that are not of extent 1 keep their order.
bool moves_nothing(const Graph& graph, const Node& node) {
  const std::vector<int64_t>& perm = as<Transpose>(node.op)->perm;
  const Shape* shape = shape_of(graph, node.inputs[0]);
  if (shape == nullptr || perm.size() != shape->size()) return false;
  int64_t last = -1;
  for (int64_t axis : perm) {
    if ((*shape)[static_cast<size_t>(axis)].size == 1) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

}  // namespace

int merge_reshapes(Graph& graph) {
  int merged = 0;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const Node& node = graph.node(id);
    if (as<Transpose>(node.op)) {
      if (merge_transpose(graph, id)) {
        ++merged;
      } else if (moves_nothing(graph, node) && !std::ranges::is_sorted(as<Transpose>(node.op)->perm)) {
        merged += become_reshape(graph, id, node.inputs[0]);
      }
    } else if (keeps_order(node.op)) {
      merged += merge_reshape(graph, id);
    }
  }
  if (merged > 0) graph.remove_unused();
  return merged;
}

}  // namespace pare
