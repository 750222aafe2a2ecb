#include "runtime/plan/branches.h"

#include <algorithm>
#include <map>
#include <optional>

namespace pare {
namespace {

// Values of the branch by the ids they have in `graph`. Names inside the branch are kept where nested subgraphs use
// them; a name that is taken there makes the branch stay where it is.
class Inliner {
 public:
  Inliner(Graph& graph, const Graph& branch, NodeId before) : graph_(graph), branch_(branch), before_(before) {}

  bool possible() const {
    for (const NodeId id : branch_.order())
      for (const ValueId capture : branch_.node(id).captures)
        if (const Value& value = branch_.value(capture); !is_captured(capture) && graph_.find(value.name).has_value())
          return false;
    return std::all_of(branch_.captured.begin(), branch_.captured.end(),
                       [&](ValueId id) { return graph_.find(branch_.value(id).name).has_value(); });
  }

  std::vector<NodeId> run() {
    for (const ValueId id : branch_.captured) ids_[id] = *graph_.find(branch_.value(id).name);
    std::vector<NodeId> nodes;
    for (const NodeId id : branch_.order()) {
      const Node& node = branch_.node(id);
      std::vector<ValueId> inputs, outputs, captures;
      for (const ValueId in : node.inputs) inputs.push_back(at(in));
      for (const ValueId capture : node.captures) captures.push_back(at(capture));
      for (const ValueId out : node.outputs) {
        outputs.push_back(out == ValueId::none ? out
                                               : graph_.add_value(branch_.value(out).name, branch_.value(out).type));
        if (out != ValueId::none) ids_[out] = outputs.back();
      }
      nodes.push_back(graph_.add_node(node.op, inputs, outputs, node.name, before_));
      graph_.node(nodes.back()).captures = captures;
    }
    return nodes;
  }

  // Where a value of the branch is in the graph; a constant is added when it is first asked for.
  ValueId at(ValueId id) {
    if (id == ValueId::none) return id;
    if (const auto found = ids_.find(id); found != ids_.end()) return found->second;
    const Value& value = branch_.value(id);
    const ValueId added = graph_.add_constant(value.name, *value.constant);
    ids_[id] = added;
    return added;
  }

 private:
  bool is_captured(ValueId id) const {
    return std::find(branch_.captured.begin(), branch_.captured.end(), id) != branch_.captured.end();
  }

  Graph& graph_;
  const Graph& branch_;
  NodeId before_;
  std::map<ValueId, ValueId> ids_;
};

}  // namespace

bool take_branch(Program& program, const Analysis& analysis) {
  for (size_t i = 0; i < program.nodes.size(); ++i) {
    const NodeId id = program.nodes[i];
    const If* op = as<If>(program.graph->node(id).op);
    const Tensor* condition = op ? analysis.constant(program.graph->node(id).inputs[0]) : nullptr;
    if (condition == nullptr || condition->size() != 1) continue;
    const bool taken = condition->as_int(0) != 0;
    const GraphPtr branch = taken ? op->then_branch : op->else_branch;
    auto graph = std::make_shared<Graph>(*program.graph);
    Inliner inliner(*graph, *branch, id);
    const std::vector<ValueId> outputs = graph->node(id).outputs;
    if (!inliner.possible() || branch->outputs.size() != outputs.size()) continue;
    std::vector<NodeId> nodes = inliner.run();
    const NodeId next = i + 1 < program.nodes.size() ? program.nodes[i + 1] : NodeId::none;
    graph->remove_node(id);
    for (size_t k = 0; k < outputs.size(); ++k)
      if (outputs[k] != ValueId::none)
        nodes.push_back(graph->add_node(Unary{}, {inliner.at(branch->outputs[k])}, {outputs[k]}, {}, next));
    program.nodes.erase(program.nodes.begin() + static_cast<int64_t>(i));
    program.nodes.insert(program.nodes.begin() + static_cast<int64_t>(i), nodes.begin(), nodes.end());
    program.graph = std::move(graph);
    program.variant += std::to_string(static_cast<int>(id)) + (taken ? "+" : "-");
    return true;
  }
  return false;
}

}  // namespace pare
