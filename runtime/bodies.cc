#include "runtime/bodies.h"

#include <algorithm>

#include "graph/subgraphs.h"

namespace pare {
namespace {

const Tensor* find_by_name(std::span<const NamedTensor> tensors, const std::string& name) {
  const auto found = std::find_if(tensors.begin(), tensors.end(), [&](const NamedTensor& t) { return t.name == name; });
  return found == tensors.end() ? nullptr : &found->tensor;
}

}  // namespace

struct Bodies::Entry {
  GraphPtr body;
  std::unique_ptr<Executor> executor;

  bool takes(std::span<const Tensor> operands) const {
    const Graph& graph = executor->graph();
    for (size_t i = 0; i < operands.size(); ++i) {
      const Type& type = graph.value(graph.inputs[i]).type;
      if (type.dtype != operands[i].dtype()) return false;
      if (type.container != operands[i].container() && !is_optional(type.container)) return false;
    }
    return true;
  }
};

Bodies::Bodies(ExecutorOptions options, std::vector<NamedTensor> constants)
    : options_(std::move(options)), constants_(std::move(constants)) {
  options_.keep.clear();
  options_.profile = false;
}

Bodies::~Bodies() = default;

// A graph of its own whose inputs are those of the body and then what it captures. They take operands of any dims:
// what the body declares may hold for one iteration only.
Graph Bodies::closed(const Graph& body, std::span<const Tensor> operands) const {
  Graph graph = body;
  for (const ValueId id : body.captured) {
    if (const Tensor* tensor = find_by_name(constants_, body.value(id).name)) {
      graph.set_constant(id, *tensor);
    } else {
      graph.inputs.push_back(id);
    }
  }
  graph.captured.clear();
  for (size_t i = 0; i < operands.size(); ++i) {
    Type& type = graph.value(graph.inputs[i]).type;
    const Container declared = type.container;
    type = {operands[i].dtype(), std::nullopt, operands[i].container()};
    if (is_optional(declared)) type.container = declared;
  }
  return graph;
}

Result<Bodies::Entry*> Bodies::find(const GraphPtr& body, std::span<const Tensor> operands) {
  for (const auto& entry : entries_) {
    if (entry->body == body && entry->takes(operands)) return entry.get();
  }
  std::erase_if(entries_, [&](const auto& entry) { return entry->body == body; });
  PARE_ASSIGN(auto executor, Executor::create(std::make_shared<const Graph>(closed(*body, operands)), options_));
  entries_.push_back(std::make_unique<Entry>(Entry{body, std::move(executor)}));
  return entries_.back().get();
}

Result<std::vector<Tensor>> Bodies::run(const GraphPtr& body, std::span<const Tensor> inputs,
                                        std::span<const NamedTensor> captures) {
  if (inputs.size() != body->inputs.size()) {
    return input_error("found " + std::to_string(inputs.size()) + " operands, the graph takes " +
                       std::to_string(body->inputs.size()));
  }
  std::vector<Tensor> operands(inputs.begin(), inputs.end());
  for (const ValueId id : body->captured) {
    const std::string& name = body->value(id).name;
    if (find_by_name(constants_, name)) continue;
    const Tensor* capture = find_by_name(captures, name);
    if (!capture) return input_error("'" + name + "' of the graph around it is not at hand");
    operands.push_back(*capture);
  }
  PARE_ASSIGN(Entry * entry, find(body, operands));
  return entry->executor->run(operands);
}

std::unique_ptr<Bodies> make_bodies(const Graph& graph, const Node& node, const ExecutorOptions& options) {
  if (subgraphs(node.op).empty()) return nullptr;
  std::vector<NamedTensor> constants;
  for (const ValueId capture : node.captures) {
    const Value& value = graph.value(capture);
    if (value.constant) constants.push_back({value.name, *value.constant});
  }
  return std::make_unique<Bodies>(options, std::move(constants));
}

}  // namespace pare
