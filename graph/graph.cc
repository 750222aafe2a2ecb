#include "graph/graph.h"

#include <algorithm>
#include <cassert>

namespace pare {
namespace {

size_t index_of(NodeId id) { return static_cast<size_t>(id); }
size_t index_of(ValueId id) { return static_cast<size_t>(id); }

}  // namespace

std::vector<ValueId> Graph::values() const {
  std::vector<ValueId> ids;
  for (size_t i = 0; i < values_.size(); ++i) {
    if (value_alive_[i]) ids.push_back(static_cast<ValueId>(i));
  }
  return ids;
}

std::optional<ValueId> Graph::find(std::string_view name) const {
  const auto found = names_.find(name);
  return found == names_.end() ? std::nullopt : std::optional(found->second);
}

std::string Graph::unique_name(std::string name, ValueId id) const {
  if (name.empty()) name = "v" + std::to_string(index_of(id));
  if (!names_.contains(name)) return name;
  for (int suffix = 1;; ++suffix) {
    std::string candidate = name + '_' + std::to_string(suffix);
    if (!names_.contains(candidate)) return candidate;
  }
}

ValueId Graph::add_value(std::string name, Type type) {
  const auto id = static_cast<ValueId>(values_.size());
  name = unique_name(std::move(name), id);
  names_.emplace(name, id);
  values_.push_back({std::move(name), std::move(type), std::nullopt, NodeId::none});
  value_alive_.push_back(true);
  return id;
}

ValueId Graph::add_input(std::string name, Type type) {
  const ValueId id = add_value(std::move(name), std::move(type));
  inputs.push_back(id);
  return id;
}

ValueId Graph::add_constant(std::string name, Tensor tensor) {
  const ValueId id = add_value(std::move(name));
  set_constant(id, std::move(tensor));
  return id;
}

void Graph::set_constant(ValueId id, Tensor tensor) {
  Value& target = value(id);
  assert(target.producer == NodeId::none);
  target.type = tensor.type();
  target.constant = std::move(tensor);
}

void Graph::rename(ValueId id, std::string name) {
  if (value(id).name == name) return;
  names_.erase(value(id).name);
  name = unique_name(std::move(name), id);
  names_.emplace(name, id);
  value(id).name = std::move(name);
}

NodeId Graph::add_node(Op op, std::vector<ValueId> inputs, std::vector<ValueId> outputs, std::string name,
                       NodeId before) {
  const auto id = static_cast<NodeId>(nodes_.size());
  for (const ValueId output : outputs) {
    if (output == ValueId::none) continue;
    assert(alive(output) && value(output).producer == NodeId::none && !value(output).constant);
    value(output).producer = id;
  }
  nodes_.push_back({std::move(name), std::move(op), std::move(inputs), std::move(outputs), {}, {}});
  node_alive_.push_back(true);
  const auto at = before == NodeId::none ? order_.end() : std::find(order_.begin(), order_.end(), before);
  assert(before == NodeId::none || at != order_.end());
  order_.insert(at, id);
  return id;
}

ValueId Graph::add(Op op, std::vector<ValueId> inputs, std::string output, NodeId before) {
  const ValueId result = add_value(std::move(output));
  add_node(std::move(op), std::move(inputs), {result}, {}, before);
  return result;
}

void Graph::forget_node(NodeId id) {
  Node& gone = node(id);
  for (const ValueId output : gone.outputs) {
    if (output != ValueId::none && value(output).producer == id) value(output).producer = NodeId::none;
  }
  gone = Node{};
  node_alive_[index_of(id)] = false;
}

void Graph::remove_node(NodeId id) {
  assert(alive(id));
  forget_node(id);
  order_.erase(std::find(order_.begin(), order_.end(), id));
}

void Graph::remove_value(ValueId id) {
  assert(alive(id) && value(id).producer == NodeId::none);
  names_.erase(value(id).name);
  value(id) = Value{};
  value_alive_[index_of(id)] = false;
}

void Graph::replace_uses(ValueId from, ValueId to) {
  for (const NodeId id : order_) {
    for (ValueId& input : node(id).inputs) {
      if (input == from) input = to;
    }
  }
  std::replace(outputs.begin(), outputs.end(), from, to);
}

// A depth-first walk from the nodes in their present order: a node moves only in front of a node that needs it.
Result<void> Graph::sort() {
  enum class Mark : uint8_t { fresh, open, done };
  std::vector<Mark> marks(nodes_.size(), Mark::fresh);
  std::vector<NodeId> sorted;
  sorted.reserve(order_.size());
  struct Step {
    NodeId node;
    size_t next;  // the dependency to look at: inputs first, then captures
  };
  std::vector<Step> stack;
  for (const NodeId root : order_) {
    if (marks[index_of(root)] == Mark::done) continue;
    stack.push_back({root, 0});
    marks[index_of(root)] = Mark::open;
    while (!stack.empty()) {
      const NodeId id = stack.back().node;
      const Node& here = node(id);
      const size_t slot = stack.back().next++;
      if (slot == here.inputs.size() + here.captures.size()) {
        marks[index_of(id)] = Mark::done;
        sorted.push_back(id);
        stack.pop_back();
        continue;
      }
      const ValueId used = slot < here.inputs.size() ? here.inputs[slot] : here.captures[slot - here.inputs.size()];
      const NodeId producer = used == ValueId::none ? NodeId::none : value(used).producer;
      if (producer == NodeId::none || marks[index_of(producer)] == Mark::done) continue;
      if (marks[index_of(producer)] == Mark::open) {
        return input_error("the graph has a cycle through " + describe(*this, producer) + ", expected none");
      }
      marks[index_of(producer)] = Mark::open;
      stack.push_back({producer, 0});
    }
  }
  order_ = std::move(sorted);
  return {};
}

int Graph::remove_unused() {
  std::vector<bool> node_needed(nodes_.size(), false);
  std::vector<bool> value_used(values_.size(), false);
  std::vector<NodeId> pending;
  const auto use = [&](ValueId id) {
    if (id == ValueId::none || value_used[index_of(id)]) return;
    value_used[index_of(id)] = true;
    const NodeId producer = value(id).producer;
    if (producer == NodeId::none || node_needed[index_of(producer)]) return;
    node_needed[index_of(producer)] = true;
    pending.push_back(producer);
  };
  for (const ValueId output : outputs) use(output);
  while (!pending.empty()) {
    const NodeId id = pending.back();
    pending.pop_back();
    for (const ValueId input : node(id).inputs) use(input);
    for (const ValueId capture : node(id).captures) use(capture);
  }
  const size_t before = order_.size();
  for (const NodeId id : order_) {
    if (!node_needed[index_of(id)]) forget_node(id);
  }
  std::erase_if(order_, [&](NodeId id) { return !node_needed[index_of(id)]; });
  for (const ValueId id : inputs) value_used[index_of(id)] = true;
  for (const ValueId id : captured) value_used[index_of(id)] = true;
  for (size_t i = 0; i < values_.size(); ++i) {
    const bool kept = value_used[i] || values_[i].producer != NodeId::none;
    if (value_alive_[i] && !kept) remove_value(static_cast<ValueId>(i));
  }
  return static_cast<int>(before - order_.size());
}

Uses::Uses(const Graph& graph)
    : uses_(graph.value_limit()), is_output_(graph.value_limit(), false), is_captured_(graph.value_limit(), false) {
  for (const NodeId id : graph.order()) {
    const Node& node = graph.node(id);
    for (size_t slot = 0; slot < node.inputs.size(); ++slot) {
      if (node.inputs[slot] == ValueId::none) continue;
      uses_[index_of(node.inputs[slot])].push_back({id, static_cast<int>(slot)});
    }
    for (const ValueId capture : node.captures) {
      uses_[index_of(capture)].push_back({id, -1});
      is_captured_[index_of(capture)] = true;
    }
  }
  for (const ValueId output : graph.outputs) is_output_[index_of(output)] = true;
}

std::string describe(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  std::string text = "node ";
  if (!node.name.empty()) {
    text += '\'' + node.name + '\'';
  } else {
    const auto output =
        std::find_if(node.outputs.begin(), node.outputs.end(), [](ValueId v) { return v != ValueId::none; });
    text += output == node.outputs.end() ? "without outputs" : "producing '" + graph.value(*output).name + '\'';
  }
  const std::string_view domain = op_domain(node.op);
  text += " (";
  if (!domain.empty()) text += std::string(domain) + '.';
  return text + std::string(op_type(node.op)) + ')';
}

LinkContext link_context(const Graph& graph, NodeId id) {
  LinkContext context;
  const Node& node = graph.node(id);
  for (const ValueId input : node.inputs) {
    const bool present = input != ValueId::none;
    context.inputs.push_back(present ? graph.value(input).type : Type{});
    const bool constant = present && graph.value(input).constant.has_value();
    context.constants.push_back(constant ? &*graph.value(input).constant : nullptr);
  }
  for (const ValueId output : node.outputs) {
    context.outputs.push_back(output == ValueId::none ? Type{} : graph.value(output).type);
  }
  return context;
}

}  // namespace pare
