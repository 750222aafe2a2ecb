#include "runtime/staged_run.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>

#include "runtime/executor.h"

namespace pare {
namespace {

std::vector<ValueId> read_by(const Node& node) {
  std::vector<ValueId> values = node.inputs;
  values.insert(values.end(), node.captures.begin(), node.captures.end());
  std::erase(values, ValueId::none);
  return values;
}

}  // namespace

bool StagedRun::done(ValueId value) const {
  return static_cast<size_t>(value) < held_.size() && !held_[static_cast<size_t>(value)].empty();
}

bool StagedRun::given(ValueId value) const {
  return std::find(graph_.inputs.begin(), graph_.inputs.end(), value) != graph_.inputs.end();
}

bool StagedRun::dequantizes(NodeId id) const {
  const Node& node = graph_.node(id);
  return as<DequantizeLinear>(node.op) && !graph_.value(node.inputs[0]).constant;
}

ValueId StagedRun::held_as(ValueId value) const {
  const NodeId producer = graph_.value(value).producer;
  return producer != NodeId::none && dequantizes(producer) ? graph_.node(producer).inputs[0] : value;
}

// Nodes that have not run and that the value needs, in graph order.
Result<std::vector<NodeId>> StagedRun::stretch(ValueId value) const {
  std::set<NodeId> needed;
  std::vector<ValueId> open{value};
  while (!open.empty()) {
    const ValueId id = open.back();
    open.pop_back();
    if (done(id) || graph_.value(id).constant || given(id)) continue;
    const NodeId producer = graph_.value(id).producer;
    if (producer == NodeId::none || !needed.insert(producer).second) continue;
    if (ran_[static_cast<size_t>(producer)]) {
      return Failure{ErrorCode::internal, "value '" + graph_.value(id).name + "' was asked for out of order"};
    }
    for (const ValueId input : read_by(graph_.node(producer))) open.push_back(input);
  }
  std::vector<NodeId> nodes;
  for (const NodeId id : graph_.order()) {
    if (needed.contains(id)) nodes.push_back(id);
  }
  return nodes;
}

Graph StagedRun::extract(const std::vector<NodeId>& nodes, std::vector<ValueId>& inputs,
                         const std::vector<ValueId>& outputs) const {
  Graph part;
  part.domains = graph_.domains;
  std::map<ValueId, ValueId> made;
  const auto map = [&](ValueId id) {
    if (id == ValueId::none) return id;
    if (auto found = made.find(id); found != made.end()) return found->second;
    const Value& value = graph_.value(id);
    ValueId fresh;
    if (value.constant) {
      fresh = part.add_constant(value.name, *value.constant);
    } else if (done(id) || given(id)) {
      // Batches may differ in their first extent, which the declared type leaves open only for the graph's inputs.
      fresh = part.add_input(value.name, {value.type.dtype, std::nullopt});
      inputs.push_back(id);
    } else {
      fresh = part.add_value(value.name, value.type);
    }
    return made[id] = fresh;
  };
  for (const NodeId id : nodes) {
    const Node& node = graph_.node(id);
    std::vector<ValueId> from, to, captures;
    for (const ValueId input : node.inputs) from.push_back(map(input));
    for (const ValueId capture : node.captures) captures.push_back(map(capture));
    for (const ValueId output : node.outputs) to.push_back(map(output));
    const NodeId added = part.add_node(node.op, std::move(from), std::move(to), node.name);
    part.node(added).captures = std::move(captures);
  }
  for (const ValueId id : outputs) part.outputs.push_back(map(id));
  return part;
}

Result<void> StagedRun::run(const std::vector<NodeId>& nodes, const std::vector<ValueId>& outputs) {
  std::vector<ValueId> operands;
  auto part = std::make_shared<Graph>(extract(nodes, operands, outputs));
  auto executor = Executor::create(part, {.threads = threads_});
  if (!executor) return executor.failure();
  const bool reads_data = std::any_of(operands.begin(), operands.end(), [&](ValueId id) { return given(id); });
  for (int64_t batch = 0; batch < data_.count; ++batch) {
    Result<std::vector<Tensor>> data = std::vector<Tensor>{};
    if (reads_data) data = inputs(batch);
    if (!data) return data.failure();
    std::vector<Tensor> arrays;
    for (const ValueId input : operands) {
      const auto at = std::find(graph_.inputs.begin(), graph_.inputs.end(), input) - graph_.inputs.begin();
      arrays.push_back(given(input) ? (*data)[static_cast<size_t>(at)] : held_[static_cast<size_t>(input)][static_cast<size_t>(batch)]);
    }
    auto results = (*executor)->run(arrays);
    if (!results) return results.failure();
    for (size_t i = 0; i < outputs.size(); ++i) held_[static_cast<size_t>(outputs[i])].push_back(std::move((*results)[i]));
  }
  return {};
}

Result<std::vector<Tensor>> StagedRun::inputs(int64_t batch) const {
  std::vector<Tensor> arrays = data_.get(batch);
  if (arrays.size() == graph_.inputs.size()) return arrays;
  return input_error("a batch has " + std::to_string(arrays.size()) + " arrays, expected " +
                     std::to_string(graph_.inputs.size()) + ", one per input of the graph");
}

Result<const std::vector<Tensor>*> StagedRun::read(ValueId value) {
  const auto at = static_cast<size_t>(std::find(graph_.inputs.begin(), graph_.inputs.end(), value) - graph_.inputs.begin());
  for (int64_t batch = 0; batch < data_.count; ++batch) {
    auto arrays = inputs(batch);
    if (!arrays) return arrays.failure();
    held_[static_cast<size_t>(value)].push_back(std::move((*arrays)[at]));
  }
  return &held_[static_cast<size_t>(value)];
}

Result<const std::vector<Tensor>*> StagedRun::get(ValueId value) {
  if (!done(value)) {
    if (given(value)) return read(value);
    auto nodes = stretch(value);
    if (!nodes) return nodes.failure();
    std::set<NodeId> inside;
    for (const NodeId id : *nodes) {
      if (!dequantizes(id)) inside.insert(id);
    }
    std::set<ValueId> leaving{value};
    for (const NodeId id : graph_.order()) {
      if (ran_[static_cast<size_t>(id)] || inside.contains(id) || dequantizes(id)) continue;
      for (const ValueId input : read_by(graph_.node(id))) {
        const ValueId kept = held_as(input);
        if (inside.contains(graph_.value(kept).producer)) leaving.insert(kept);
      }
    }
    if (auto done_all = run(*nodes, {leaving.begin(), leaving.end()}); !done_all) return done_all.failure();
    for (const NodeId id : inside) ran_[static_cast<size_t>(id)] = true;
  }
  drop_unneeded(value);
  return &held_[static_cast<size_t>(value)];
}

void StagedRun::drop_unneeded(ValueId asked) {
  std::vector<bool> needed(held_.size(), false);
  needed[static_cast<size_t>(asked)] = true;
  for (const NodeId id : graph_.order()) {
    if (ran_[static_cast<size_t>(id)] || dequantizes(id)) continue;
    for (const ValueId input : read_by(graph_.node(id))) {
      const auto kept = static_cast<size_t>(held_as(input));
      if (kept < needed.size() && !given(static_cast<ValueId>(kept))) needed[kept] = true;
    }
  }
  for (size_t i = 0; i < held_.size(); ++i) {
    if (!needed[i]) held_[i].clear();
  }
}

}  // namespace pare
