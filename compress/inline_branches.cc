#include "compress/inline_branches.h"

#include "compress/rewrite.h"
#include "compress/subgraphs.h"

namespace pare {

int inline_branches(Graph& graph) {
  int changed = 0;
  for (NodeId id : std::vector<NodeId>(graph.order())) {
    const If* op = as<If>(graph.node(id).op);
    const std::optional<double> condition = op ? uniform_constant(graph, graph.node(id).inputs[0]) : std::nullopt;
    if (!condition) continue;
    const GraphPtr branch = *condition != 0 ? op->then_branch : op->else_branch;
    if (!branch || branch->outputs.size() != graph.node(id).outputs.size()) continue;
    place_body(graph, id, splice(graph, id, *branch, {}));
    ++changed;
  }
  if (changed > 0) graph.remove_unused();
  return changed;
}

}  // namespace pare
