#include "compress/staged_run.h"

#include <algorithm>
#include <map>
#include <set>

#include "graph/error.h"
#include "runtime/executor.h"

namespace pare {

StagedRun::StagedRun(const Graph& graph, const Batches& data, int threads)
    : graph_(graph),
      threads_(threads),
      batches_(static_cast<size_t>(data.count)),
      held_(graph.value_limit()),
      ran_(graph.node_limit(), false) {
  for (size_t batch = 0; batch < batches_; ++batch) {
    std::vector<Tensor> inputs = data.get(static_cast<int64_t>(batch));
    if (inputs.size() != graph.inputs.size()) {
      throw Error(ErrorCode::input, "a batch has " + std::to_string(inputs.size()) + " arrays, expected " +
                                        std::to_string(graph.inputs.size()) + ", one per input of the graph");
    }
    for (size_t i = 0; i < inputs.size(); ++i) held_[static_cast<size_t>(graph.inputs[i])].push_back(std::move(inputs[i]));
  }
}

// Nodes that have not run and that the value needs, in graph order.
std::vector<NodeId> StagedRun::stretch(ValueId value) const {
  std::set<NodeId> needed;
  std::vector<ValueId> open{value};
  while (!open.empty()) {
    ValueId id = open.back();
    open.pop_back();
    if (id == ValueId::none || done(id) || graph_.value(id).constant) continue;
    NodeId producer = graph_.value(id).producer;
    if (producer == NodeId::none || !needed.insert(producer).second) continue;
    if (ran_[static_cast<size_t>(producer)]) {
      throw Error(ErrorCode::internal, "value '" + graph_.value(id).name + "' was asked for out of order");
    }
    for (ValueId input : graph_.node(producer).inputs) open.push_back(input);
  }
  std::vector<NodeId> nodes;
  for (NodeId id : graph_.order()) {
    if (needed.contains(id)) nodes.push_back(id);
  }
  return nodes;
}

Graph StagedRun::extract(const std::vector<NodeId>& nodes, std::vector<ValueId>& inputs,
                         std::vector<ValueId>& outputs) const {
  Graph part;
  part.domains = graph_.domains;
  std::map<ValueId, ValueId> made;
  auto map = [&](ValueId id) {
    if (id == ValueId::none) return id;
    if (auto found = made.find(id); found != made.end()) return found->second;
    const Value& value = graph_.value(id);
    ValueId fresh;
    if (value.constant) {
      fresh = part.add_constant(value.name, *value.constant);
    } else if (done(id)) {
      // Batches may differ in their first extent, which the declared type leaves open only for the graph's inputs.
      fresh = part.add_input(value.name, {value.type.dtype, std::nullopt});
      inputs.push_back(id);
    } else {
      fresh = part.add_value(value.name, value.type);
    }
    return made[id] = fresh;
  };
  for (NodeId id : nodes) {
    const Node& node = graph_.node(id);
    std::vector<ValueId> from, to;
    for (ValueId input : node.inputs) from.push_back(map(input));
    for (ValueId output : node.outputs) to.push_back(map(output));
    part.add_node(node.op, std::move(from), std::move(to), node.name);
  }
  for (ValueId id : outputs) part.outputs.push_back(map(id));
  return part;
}

const std::vector<Tensor>& StagedRun::get(ValueId value) {
  if (done(value)) return held_[static_cast<size_t>(value)];
  std::vector<NodeId> nodes = stretch(value);
  std::set<NodeId> inside(nodes.begin(), nodes.end());
  std::set<ValueId> leaving{value};
  for (NodeId id : graph_.order()) {
    if (ran_[static_cast<size_t>(id)] || inside.contains(id)) continue;
    for (ValueId input : graph_.node(id).inputs) {
      if (input != ValueId::none && inside.contains(graph_.value(input).producer)) leaving.insert(input);
    }
  }
  std::vector<ValueId> inputs, outputs(leaving.begin(), leaving.end());
  auto part = std::make_shared<Graph>(extract(nodes, inputs, outputs));
  auto executor = unwrap(Executor::create(part, {.threads = threads_}));
  for (size_t batch = 0; batch < batches_; ++batch) {
    std::vector<Tensor> operands;
    for (ValueId input : inputs) operands.push_back(held_[static_cast<size_t>(input)][batch]);
    std::vector<Tensor> results = unwrap(executor->run(operands));
    for (size_t i = 0; i < outputs.size(); ++i) held_[static_cast<size_t>(outputs[i])].push_back(std::move(results[i]));
  }
  for (NodeId id : nodes) ran_[static_cast<size_t>(id)] = true;
  drop_unneeded(value);
  return held_[static_cast<size_t>(value)];
}

void StagedRun::drop_unneeded(ValueId asked) {
  std::vector<bool> needed(held_.size(), false);
  needed[static_cast<size_t>(asked)] = true;
  for (NodeId id : graph_.order()) {
    if (ran_[static_cast<size_t>(id)]) continue;
    for (ValueId input : graph_.node(id).inputs) {
      if (input != ValueId::none && static_cast<size_t>(input) < needed.size()) needed[static_cast<size_t>(input)] = true;
    }
  }
  for (size_t i = 0; i < held_.size(); ++i) {
    if (!needed[i]) held_[i].clear();
  }
}

}  // namespace pare
