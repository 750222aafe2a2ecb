#include "compress/common_subexpressions.h"

#include <unordered_map>

#include "compress/rewrite.h"
#include "compress/subgraphs.h"

namespace pare {

int common_subexpressions(Graph& graph) {
  int merged = 0;
  const Uses uses(graph);
  std::unordered_multimap<size_t, NodeId> seen;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const Node& node = graph.node(id);
    if (as<Opaque>(node.op) || has_subgraphs(node.op) || op_random(node.op)) continue;
    size_t key = hash(node.op);
    for (ValueId input : node.inputs) key = key * 1000003 + static_cast<size_t>(input);
    auto [begin, end] = seen.equal_range(key);
    bool found = false;
    for (auto it = begin; it != end && !found; ++it) {
      const Node& other = graph.node(it->second);
      if (other.inputs != node.inputs || other.outputs.size() != node.outputs.size() || !equal(other.op, node.op))
        continue;
      found = true;
      bool all = true;
      for (size_t i = 0; i < node.outputs.size(); ++i) {
        ValueId from = graph.node(id).outputs[i], to = graph.node(it->second).outputs[i];
        if (from == ValueId::none || (uses.of(from).empty() && !uses.is_output(from))) continue;
        all = all && to != ValueId::none && forward(graph, from, to);
        merged += all;
      }
    }
    if (!found) seen.emplace(key, id);
  }
  if (merged > 0) graph.remove_unused();
  return merged;
}

}  // namespace pare
