#include "compress/remove_unused_outputs.h"

#include <algorithm>

#include "compress/rewrite.h"
#include "compress/subgraphs.h"

namespace pare {
namespace {

bool unused(const Uses& uses, ValueId id) { return uses.of(id).empty() && !uses.is_output(id); }

void drop_output(Graph& graph, NodeId id, size_t slot, bool erase) {
  Node& node = graph.node(id);
  graph.value(node.outputs[slot]).producer = NodeId::none;
  graph.remove_value(node.outputs[slot]);
  if (erase) {
    node.outputs.erase(node.outputs.begin() + static_cast<std::ptrdiff_t>(slot));
  } else {
    node.outputs[slot] = ValueId::none;
  }
}

int drop_optional(Graph& graph, const Uses& uses, NodeId id) {
  const Arity arity = op_arity(graph.node(id).op);
  if (arity.max_outputs == kMany) return 0;
  int dropped = 0;
  for (size_t i = graph.node(id).outputs.size(); i-- > 1 && i >= static_cast<size_t>(arity.min_outputs);) {
    const ValueId output = graph.node(id).outputs[i];
    const bool last = i + 1 == graph.node(id).outputs.size();
    if (output != ValueId::none && unused(uses, output)) {
      drop_output(graph, id, i, last);
      ++dropped;
    } else if (output == ValueId::none && last) {
      graph.node(id).outputs.pop_back();
    }
  }
  return dropped;
}

int drop_from_branches(Graph& graph, const Uses& uses, NodeId id) {
  int dropped = 0;
  for (size_t i = graph.node(id).outputs.size(); i-- > 0 && graph.node(id).outputs.size() > 1;) {
    const ValueId output = graph.node(id).outputs[i];
    if (output == ValueId::none || !unused(uses, output)) continue;
    drop_output(graph, id, i, true);
    for_each_subgraph(graph.node(id).op, [&](std::string_view, GraphPtr& branch) {
      auto copy = std::make_shared<Graph>(*branch);
      copy->outputs.erase(copy->outputs.begin() + static_cast<std::ptrdiff_t>(i));
      copy->remove_unused();
      drop_unused_captures(*copy);
      branch = std::move(copy);
    });
    ++dropped;
  }
  if (dropped > 0) refresh_captures(graph, id);
  return dropped;
}

}  // namespace

int remove_unused_outputs(Graph& graph) {
  int dropped = 0;
  Uses uses(graph);
  for (NodeId id : graph.order()) {
    dropped += as<If>(graph.node(id).op) ? drop_from_branches(graph, uses, id) : drop_optional(graph, uses, id);
  }
  if (dropped > 0) graph.remove_unused();
  return dropped;
}

}  // namespace pare
