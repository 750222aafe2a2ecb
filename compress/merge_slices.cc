#include "compress/merge_slices.h"

#include <algorithm>

#include "compress/cuts.h"
#include "compress/rewrite.h"

namespace pare {
namespace {

// The cuts of both, or nullopt where they do not combine.
std::optional<std::vector<Cut>> combined(std::vector<Cut> inner, const std::vector<Cut>& outer) {
  for (const Cut& cut : outer) {
    const auto same = std::ranges::find(inner, cut.axis, &Cut::axis);
    if (same == inner.end()) {
      inner.push_back(cut);
      continue;
    }
    const std::optional<Cut> both = joined(*same, cut);
    if (!both) return std::nullopt;
    *same = *both;
  }
  return inner;
}

// The part of a Concat that the only cut takes out exactly.
ValueId whole_part(const Graph& graph, const Node& slice, const std::vector<Cut>& cuts) {
  const Node* concat = producer_as<Concat>(graph, slice.inputs[0]);
  const Shape* shape = shape_of(graph, slice.inputs[0]);
  if (concat == nullptr || shape == nullptr || cuts.size() != 1 || cuts[0].step != 1) return ValueId::none;
  int64_t axis = as<Concat>(concat->op)->axis;
  if (axis < 0) axis += static_cast<int64_t>(shape->size());
  if (axis != cuts[0].axis) return ValueId::none;
  const Dim& whole = (*shape)[static_cast<size_t>(axis)];
  int64_t at = 0;
  for (ValueId part : concat->inputs) {
    const Shape* part_shape = shape_of(graph, part);
    if (part_shape == nullptr || !(*part_shape)[static_cast<size_t>(axis)].known()) return ValueId::none;
    const int64_t end = at + (*part_shape)[static_cast<size_t>(axis)].size;
    const bool to_end = whole.known() && end == whole.size && cuts[0].end >= end;
    if (cuts[0].start == at && (cuts[0].end == end || to_end)) return part;
    at = end;
  }
  return ValueId::none;
}

bool merge(Graph& graph, const Uses& uses, NodeId id) {
  const Node& node = graph.node(id);
  const std::optional<std::vector<Cut>> cuts = cuts_of(graph, node);
  if (!cuts) return false;
  if (const ValueId part = whole_part(graph, node, *cuts); part != ValueId::none) {
    return forward(graph, node.outputs[0], part);
  }
  const Node* inner = producer_as<Slice>(graph, node.inputs[0]);
  if (inner != nullptr && uses.single(node.inputs[0])) {
    const std::optional<std::vector<Cut>> inner_cuts = cuts_of(graph, *inner);
    const std::optional<std::vector<Cut>> both = inner_cuts ? combined(*inner_cuts, *cuts) : std::nullopt;
    if (both) {
      set_cuts(graph, id, inner->inputs[0], *both);
      return true;
    }
  }
  const Shape* shape = shape_of(graph, node.inputs[0]);
  if (shape == nullptr) return false;
  std::vector<Cut> cutting;
  std::ranges::copy_if(*cuts, std::back_inserter(cutting),
                       [&](const Cut& cut) { return !cut.keeps_all((*shape)[static_cast<size_t>(cut.axis)]); });
  if (cutting.size() == cuts->size()) return false;
  if (cutting.empty()) return forward(graph, node.outputs[0], node.inputs[0]);
  set_cuts(graph, id, node.inputs[0], cutting);
  return true;
}

}  // namespace

int merge_slices(Graph& graph) {
  int merged = 0;
  std::optional<Uses> uses(graph);
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    if (!as<Slice>(graph.node(id).op) || !merge(graph, *uses, id)) continue;
    ++merged;
    uses.emplace(graph);
  }
  if (merged > 0) graph.remove_unused();
  return merged;
}

}  // namespace pare
