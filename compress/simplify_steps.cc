#include "compress/simplify_steps.h"

#include "compress/subgraphs.h"

namespace pare {

void NodeRecord::add(const Graph& graph, const std::string& path) {
  for (NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    Entry entry{path + describe(graph, id), std::string(op_type(node.op)) + '#' + std::to_string(hash(node.op))};
    for (ValueId input : node.inputs) entry.form += ' ' + std::to_string(static_cast<int>(input));
    const std::string number = std::to_string(static_cast<int>(id));
    nodes_.emplace(path + std::string(10 - std::min<size_t>(10, number.size()), '0') + number, std::move(entry));
    for_each_subgraph(node.op, [&](std::string_view name, const Graph& body) {
      add(body, path + describe(graph, id) + ' ' + std::string(name) + ": ");
    });
  }
}

SimplifyStep NodeRecord::step_to(const NodeRecord& after, const std::string& pass, int round) const {
  SimplifyStep step{pass, round, static_cast<int>(nodes_.size()), static_cast<int>(after.nodes_.size()), {}, {}, {}};
  for (const auto& [key, entry] : nodes_) {
    const auto now = after.nodes_.find(key);
    if (now == after.nodes_.end()) {
      step.removed.push_back(entry.description);
    } else if (now->second.form != entry.form) {
      const bool renamed = now->second.description != entry.description;
      step.rewritten.push_back(entry.description + (renamed ? " as " + now->second.description : ""));
    }
  }
  for (const auto& [key, entry] : after.nodes_) {
    if (!nodes_.contains(key)) step.added.push_back(entry.description);
  }
  return step;
}

}  // namespace pare
