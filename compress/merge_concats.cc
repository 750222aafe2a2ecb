#include "compress/merge_concats.h"

#include <algorithm>

#include "compress/cuts.h"
#include "compress/rewrite.h"

namespace pare {
namespace {

// The axis counted from the front; nullopt where the rank is not known and it counts from the back.
std::optional<int64_t> front_axis(int64_t axis, const Shape* shape) {
  if (axis >= 0) return axis;
  return shape != nullptr ? std::optional(axis + static_cast<int64_t>(shape->size())) : std::nullopt;
}

bool flatten(Graph& graph, const Uses& uses, NodeId id) {
  const std::vector<ValueId> parts = graph.node(id).inputs;
  const auto axis = front_axis(as<Concat>(graph.node(id).op)->axis, shape_of(graph, graph.node(id).outputs[0]));
  std::vector<ValueId> flat;
  for (ValueId part : parts) {
    const Node* inner = producer_as<Concat>(graph, part);
    const bool same = inner && axis && front_axis(as<Concat>(inner->op)->axis, shape_of(graph, part)) == axis;
    if (same && uses.single(part)) {
      flat.insert(flat.end(), inner->inputs.begin(), inner->inputs.end());
    } else {
      flat.push_back(part);
    }
  }
  if (flat.size() == parts.size() && flat == parts) return false;
  graph.node(id).inputs = std::move(flat);
  return true;
}

// The value that a Split made all of these parts of, in order.
ValueId split_source(const Graph& graph, const Node& concat) {
  const Node* split = producer_as<Split>(graph, concat.inputs[0]);
  if (split == nullptr || split->outputs != concat.inputs) return ValueId::none;
  const Shape* shape = shape_of(graph, split->inputs[0]);
  const auto axis = front_axis(as<Split>(split->op)->axis, shape);
  return axis && axis == front_axis(as<Concat>(concat.op)->axis, shape) ? split->inputs[0] : ValueId::none;
}

// Two cuts along one axis of which the second begins where the first ends.
std::optional<Cut> adjacent(const Graph& graph, const Node& a, const Node& b, int64_t axis) {
  const auto first = cuts_of(graph, a), second = cuts_of(graph, b);
  const bool simple = a.inputs[0] == b.inputs[0] && first && second && first->size() == 1 && second->size() == 1;
  if (!simple || first->front().axis != axis || second->front().axis != axis) return std::nullopt;
  const Cut &low = first->front(), &high = second->front();
  const Shape* shape = shape_of(graph, a.inputs[0]);
  const Dim extent = shape ? (*shape)[static_cast<size_t>(axis)] : Dim();
  const bool counted = low.step == 1 && high.step == 1 && low.start >= 0 && low.end == high.start &&
                       low.start <= low.end && (high.end < 0 || high.end >= high.start);
  // Within an extent that is not known the first may end early, and then the second has nothing to add.
  const bool negative_end = high.end < 0 && !(extent.known() && extent.size + high.end >= high.start);
  if (!counted || negative_end) return std::nullopt;
  return Cut{axis, low.start, high.end, 1};
}

bool join_slices(Graph& graph, const Uses& uses, NodeId id) {
  const auto axis = front_axis(as<Concat>(graph.node(id).op)->axis, shape_of(graph, graph.node(id).outputs[0]));
  const std::vector<ValueId> parts = graph.node(id).inputs;
  for (size_t i = 0; axis && i + 1 < parts.size(); ++i) {
    const Node* a = producer_as<Slice>(graph, parts[i]);
    const Node* b = producer_as<Slice>(graph, parts[i + 1]);
    if (a == nullptr || b == nullptr || !uses.single(parts[i]) || !uses.single(parts[i + 1])) continue;
    const std::optional<Cut> both = adjacent(graph, *a, *b, *axis);
    if (!both) continue;
    set_cuts(graph, graph.value(parts[i]).producer, a->inputs[0], {*both});
    graph.value(parts[i]).type.shape.reset();
    std::vector<ValueId>& inputs = graph.node(id).inputs;
    inputs.erase(inputs.begin() + static_cast<std::ptrdiff_t>(i) + 1);
    return true;
  }
  return false;
}

// Whether the Split takes apart what a Concat put together, part by part.
bool undo_concat(Graph& graph, NodeId id) {
  const Node node = graph.node(id);
  const Node* concat = producer_as<Concat>(graph, node.inputs[0]);
  if (concat == nullptr || concat->inputs.size() != node.outputs.size()) return false;
  const Shape* shape = shape_of(graph, node.inputs[0]);
  const auto axis = front_axis(as<Split>(node.op)->axis, shape);
  if (!axis || front_axis(as<Concat>(concat->op)->axis, shape) != axis) return false;
  const std::vector<ValueId> parts = concat->inputs;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (node.outputs[i] == ValueId::none) continue;
    const Shape* part = shape_of(graph, parts[i]);
    if (part == nullptr || !(*part)[static_cast<size_t>(*axis)].known() ||
        !same_shape(part, shape_of(graph, node.outputs[i]))) {
      return false;
    }
  }
  bool all = true;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (node.outputs[i] != ValueId::none) all = forward(graph, node.outputs[i], parts[i]) && all;
  }
  return all;
}

}  // namespace

int merge_concats(Graph& graph) {
  int merged = 0;
  std::optional<Uses> uses(graph);
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const Node& node = graph.node(id);
    bool changed = false;
    if (as<Split>(node.op)) {
      changed = undo_concat(graph, id);
    } else if (as<Concat>(node.op)) {
      const ValueId whole = split_source(graph, node);
      changed = whole != ValueId::none && forward(graph, node.outputs[0], whole);
      changed = changed || flatten(graph, *uses, id) || join_slices(graph, *uses, id);
    }
    if (!changed) continue;
    ++merged;
    uses.emplace(graph);
  }
  if (merged > 0) graph.remove_unused();
  return merged;
}

}  // namespace pare
